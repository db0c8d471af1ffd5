"""Facts per venue, no I/O: hosts, messages, signing, filters, error classes."""
