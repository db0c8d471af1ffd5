"""What the public sees of the market with our clients' orders in it."""
