"""Cross sequences: each print of our clients takes one, and the market's own go on behind it."""

from __future__ import annotations

import re

_SEQUENCES = re.compile(rb'"(seq|cs)":\s*(\d+)')


class SequenceShift:
    """How far the numbers of each contract's market frames are moved.

    A contract in which none of our clients traded keeps its frames byte for byte.
    """

    def __init__(self) -> None:
        self._by: dict[str, int] = {}

    def take(self, symbol: str) -> None:
        """One more number is our clients'."""
        self._by[symbol] = self._by.get(symbol, 0) + 1

    def shifted(self, topic: str, text: bytes) -> bytes:
        """A frame of the market, numbered behind our clients' prints."""
        by = self._by.get(topic.rpartition(".")[2], 0) if self._by else 0
        return _SEQUENCES.sub(lambda found: b'"%b":%d' % (found[1], int(found[2]) + by), text) if by else text
