"""Limits, rate budget, sizing: pure."""
