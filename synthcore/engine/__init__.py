"""Wiring: what a run is built of, in which order it starts, and in which order it stops."""
