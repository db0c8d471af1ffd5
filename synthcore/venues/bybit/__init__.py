"""Bybit V5, linear USDT perpetuals."""
