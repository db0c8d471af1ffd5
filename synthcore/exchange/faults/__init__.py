"""What goes wrong on purpose: one small class per fault, each at a named point of the protocol."""
