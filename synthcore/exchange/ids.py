"""Identifiers from a seed: the same seed gives the same order, fill and connection ids."""

from __future__ import annotations

import random

from synthcore.exchange.digits import uuid_text

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
        return uuid_text(self._random.getrandbits(128))

    def conn_id(self) -> str:
        """A connection id: 20 characters, a dash, 5 characters."""
        name = "".join(self._passing.choices(_CONN_ALPHABET, k=25))
        return f"{name[:20]}-{name[20:]}"

    def trace_id(self) -> str:
        return f"{self._passing.getrandbits(128):032x}"
