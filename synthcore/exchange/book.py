"""One symbol's matching: our clients' resting orders inside the market's background book.

Price, then time. The market's displayed levels are given from outside (best first); this book knows
what its clients took of them, and how much of a level stands in front of each resting order.

- What a client takes of a displayed level is remembered until the market updates that level.
- A resting order fills when a trade prints through its price, or at its price once the quantity that
  stood in front of it is gone, or when the market's other side comes to its price.

The matching itself is compiled (`matching.pyx`); `tests/support/reference_book.py` says the same in Python,
and a test holds one against the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from synthcore.exchange.matches import Match
from synthcore.exchange.matching import Matching
from synthcore.model import Side

Level = tuple[Decimal, Decimal]  # price, quantity
Levels = Sequence[Level]  # best first


class Book(Matching):
    """Resting orders of all accounts in one contract, and what they took of the market's levels."""

    def resting_levels(self, side: Side) -> Iterator[tuple[int, int]]:
        """Prices of one side in ticks, best first, with the lots that rest there."""
        resting = self.resting(side)
        return ((ticks, sum(order.leaves_lots for order in resting.at(ticks))) for ticks in resting.prices())

    def taken_levels(self, side: Side) -> Mapping[int, int]:
        """Lots that are gone of the market's levels, by price in ticks."""
        return {ticks: taken.lots for ticks, taken in self.taken(side).items()}


__all__ = ["Book", "Level", "Levels", "Match"]
