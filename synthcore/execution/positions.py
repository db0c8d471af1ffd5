"""What the exchange says we hold, less what was there before us."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from synthcore.model import Position

ZERO = Decimal(0)
SIDES = (1, 2)  # position indices of hedge mode: the long record, the short one


class Positions:
    """The account's records per symbol and side, with the sizes found at the start set aside.

    What was there before the run is somebody else's: it is neither counted nor touched.
    """

    def __init__(self) -> None:
        self._sizes: dict[tuple[str, int], Decimal] = {}
        self._before: dict[tuple[str, int], Decimal] = {}
        self._followed: set[str] = set()  # symbols whose every change since a query has reached us

    def set_aside(self, records: Iterable[Position]) -> None:
        """Take the sizes before the first trade as not ours."""
        for record in records:
            self._before[record.symbol, record.position_idx] = record.size
            self.update(record)
            self._followed.add(record.symbol)

    def keep(self, symbol: str, side: int, size: Decimal) -> None:
        """Count this much of what was there before as ours, if it is there: an earlier process left it.

        One whose disk was full has closed without a record, so that its entries are more than is held.
        """
        self._before[symbol, side] = max(ZERO, self._before.get((symbol, side), ZERO) - size)

    def update(self, record: Position) -> None:
        """Take a record, from the stream or by query."""
        self._sizes[record.symbol, record.position_idx] = record.size

    def query_answered(self, records: Iterable[Position]) -> None:
        """Take the records of a query: from here the stream can be followed."""
        for record in records:
            self.update(record)
            self._followed.add(record.symbol)

    def lose_track(self) -> None:
        """Changes may be missing until the next query."""
        self._followed.clear()

    def is_followed(self, symbol: str) -> bool:
        """Whether the stream has told every change since the last query."""
        return symbol in self._followed

    def ours(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Sizes of the long and the short side that are ours, by the last word of the exchange."""
        long, short = (self._ours(symbol, side) for side in SIDES)
        return long, short

    def _ours(self, symbol: str, side: int) -> Decimal:
        return self._sizes.get((symbol, side), ZERO) - self._before.get((symbol, side), ZERO)
