"""Which core a thread runs on: choose, pin, and ask the OS whether it is so. No C face: it is set up once."""
