"""Identifiers from a seed: the same seed gives the same order, fill and connection ids."""

from __future__ import annotations

import random

_CONN_ALPHABET = "0123456789abcdefghijklmnopqrstuv"


class Ids:
    """A seeded source of ids in Bybit's shapes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def uuid(self) -> str:
        """A UUID of version 4, as orders and fills have."""
        bits = self._random.getrandbits(128)
        digits = f"{bits:032x}"
        variant = "89ab"[bits >> 60 & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def conn_id(self) -> str:
        """A connection id: 20 characters, a dash, 5 characters."""
        name = "".join(self._random.choices(_CONN_ALPHABET, k=25))
        return f"{name[:20]}-{name[20:]}"

    def trace_id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"
