"""The compiled core: ring, symbols, parser, qualification, pipeline, histogram."""
