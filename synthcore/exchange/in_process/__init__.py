"""The exchange without sockets: its own code, its own edges, on any event loop."""
