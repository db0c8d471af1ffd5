"""Two exchanges are told the same story, and their answers compared field by field, by the protocol alone."""
