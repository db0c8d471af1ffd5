"""Two legs, one trade: the pure machine, its driver, positions."""
