"""The command line: click only; each command parses, calls synthcore once, prints."""
