"""What turns market data into opportunities."""
