"""Prove a low-latency crypto trading path before it touches money."""
