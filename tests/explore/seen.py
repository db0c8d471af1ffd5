"""Which states were met, and under which number: fingerprints in flat memory, about 20 bytes a state.

Two states with one fingerprint of 64 bits would be taken for one. Among n states the odds of any such pair
are about n²/2⁶⁵: 1 to 200,000 for 14 million.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b

FIRST_SLOTS = 1 << 16


class Seen:
    """States by fingerprint, numbered in the order in which they were met."""

    def __init__(self) -> None:
        self._prints = array("Q")
        self._slots = array("I", bytes(4 * FIRST_SLOTS))  # a number and 1, or 0 where nothing is
        self._mask = FIRST_SLOTS - 1

    def __len__(self) -> int:
        return len(self._prints)

    def number_of(self, packed: bytes) -> int:
        """A state's number; one that is new gets the next."""
        print64 = fingerprint(packed)
        slot = self._slot_of(print64)
        number = self._slots[slot] - 1
        if number >= 0:
            return number
        self._prints.append(print64)
        self._slots[slot] = len(self._prints)
        if 3 * len(self._prints) > 2 * self._mask:
            self._grow()
        return len(self._prints) - 1

    def _slot_of(self, print64: int) -> int:
        """Where it is, or belongs."""
        slots, prints, mask = self._slots, self._prints, self._mask
        slot = print64 & mask
        while slots[slot] and prints[slots[slot] - 1] != print64:
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        slots = 2 * len(self._slots)
        self._slots = array("I", bytes(4 * slots))
        self._mask = slots - 1
        for number, print64 in enumerate(self._prints):
            self._slots[self._slot_of(print64)] = number + 1


def fingerprint(packed: bytes) -> int:
    return int.from_bytes(blake2b(packed, digest_size=8).digest(), "little")
