"""Keys of accounts: from a seed where nobody else can reach the exchange, or as a log has them."""

from __future__ import annotations

import random
from collections.abc import Iterable

from synthcore.exchange.venue import NewKey

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def seeded_keys(seed: int) -> NewKey:
    """Keys that repeat: good where nobody else can reach the exchange."""
    source = random.Random(f"{seed}/keys")

    def new_key() -> tuple[str, str]:
        text = "".join(source.choices(ALPHABET, k=54))
        return text[:18], text[18:]

    return new_key


def given_keys(keys: Iterable[tuple[str, str]]) -> NewKey:
    """These, one after the other."""
    return iter(keys).__next__
