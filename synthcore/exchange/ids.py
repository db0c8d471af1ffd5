"""Identifiers from a seed: the same seed gives the same order, fill and connection ids."""

from __future__ import annotations

import random

IDS_A_STEP = 10_000  # passed over at once
_CONN_ALPHABET = "0123456789abcdefghijklmnopqrstuv"


class Ids:
    """A seeded source of ids in Bybit's shapes."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = random.Random(seed)
        self._passing = random.Random(f"{seed} 1")  # of what nobody keeps: it never shifts the others
        self.made = 0  # orders' and fills' ids

    def go_on(self, made: int, life: int) -> None:
        """Be where an exchange of this seed was after `made` ids; `life` counts its starts."""
        for left in range(made, 0, -IDS_A_STEP):  # as many random bits as they took
            self._random.getrandbits(128 * min(left, IDS_A_STEP))
        self.made = made
        self._passing = random.Random(f"{self._seed} {life}")

    def uuid(self) -> str:
        """A UUID of version 4, as orders and fills have."""
        self.made += 1
        bits = self._random.getrandbits(128)
        digits = f"{bits:032x}"
        variant = "89ab"[bits >> 60 & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def conn_id(self) -> str:
        """A connection id: 20 characters, a dash, 5 characters."""
        name = "".join(self._passing.choices(_CONN_ALPHABET, k=25))
        return f"{name[:20]}-{name[20:]}"

    def trace_id(self) -> str:
        return f"{self._passing.getrandbits(128):032x}"
