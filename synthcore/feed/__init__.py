"""Market data in: the compiled listener and what keeps its connection alive. picows lives here."""
