"""Orders out: the gateway protocol and what implements it. httpx lives here."""
