"""Read-only views of a run: metrics, live view, summary."""
