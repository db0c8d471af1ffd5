"""One `orderbook` stream: the market's own frames, or ours while orders of our clients show in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from synthcore.exchange.display.levels import Lots, Sides
from synthcore.exchange.market.frames import Digits, Pair, book_frame

_U = re.compile(rb'"u":\s*(\d+)')


class Stamps(NamedTuple):
    """When a frame is made, and the market's cross sequence at that time."""

    seq: int
    now_ms: int


class BookStream:
    """Follows the market's stream, parts from it and joins it again; `u` goes on without a gap.

    Parameters
    ----------
    period_ms
        Between two pushes.
    price, lot
        How prices and sizes are written.
    """

    def __init__(self, depth: int, period_ms: int, symbol: str, price: Digits, lot: Digits) -> None:
        self.depth = depth
        self.period_ms = period_ms
        self.topic = f"orderbook.{depth}.{symbol}"
        self.is_made = False  # of the market's deepest book: the market has no frames of this one
        self.is_stale = False  # nobody listened, so that it was left behind
        self.u = 0  # of the last frame of our own
        self.sent_ms = 0
        self._symbol = symbol
        digits = (price.short, lot.short) if depth == 1 else (price.text, lot.text)
        self._price_text, self._lot_text = digits
        self._shown: Sides | None = None  # what subscribers have; None: the market's own book
        self.offset = 0  # of our `u` from the market's, while the stream follows

    @property
    def follows(self) -> bool:
        """Whether the market's frames are what subscribers get."""
        return self._shown is None

    def renumbered(self, text: bytes) -> bytes:
        """A frame of the market with our `u`."""
        if not self.offset:
            return text
        return _U.sub(lambda found: b'"u":%d' % (int(found[1]) + self.offset), text, count=1)

    def part(self, market: Sides, market_u: int) -> None:
        """Go on from the market's book with frames of our own."""
        self._shown, self.u = market, market_u + self.offset

    def join(self, market_u: int) -> None:
        """Subscribers have the market's book: its frames will do."""
        self._shown, self.offset, self.is_stale = None, self.u - market_u, False

    def show(self, sides: Sides, stamps: Stamps, *, is_whole: bool = False) -> bytes | None:
        """The frame that brings subscribers to this book; None where they have it."""
        before, self._shown = self._shown, sides
        self.is_stale = False
        if before == sides and not is_whole:
            return None
        self.u += 1
        if before is None or is_whole or self.depth == 1:
            return self.snapshot(stamps)
        bids, asks = _changes(before[0], sides[0]), _changes(before[1], sides[1])
        changes = dict(sorted(bids.items(), reverse=True)), dict(sorted(asks.items()))
        return self._frame("delta", changes, stamps)

    def snapshot(self, stamps: Stamps) -> bytes:
        """The whole book that was shown last."""
        return self._frame("snapshot", self._shown or ({}, {}), stamps)

    def pairs(self) -> tuple[list[Pair], list[Pair]]:
        """Bids and asks that were shown last, as they are written."""
        bids, asks = self._shown or ({}, {})
        return list(self._pairs(bids)), list(self._pairs(asks))

    def _frame(self, kind: str, sides: Sides, stamps: Stamps) -> bytes:
        bids, asks = self._pairs(sides[0]), self._pairs(sides[1])
        seq, now_ms = stamps
        self.sent_ms = now_ms
        return book_frame(
            self.depth, self._symbol, kind, bids, asks, u=self.u, seq=seq, ts_ms=now_ms, cts_ms=now_ms
        )

    def _pairs(self, lots: Lots) -> Iterable[Pair]:
        price, size = self._price_text, self._lot_text
        return ((price(ticks), size(count) if count else "0") for ticks, count in lots.items())


def _changes(before: Lots, now: Lots) -> Lots:
    """Levels that came or changed, and 0 for those that left."""
    changed = {ticks: lots for ticks, lots in now.items() if before.get(ticks) != lots}
    changed.update(dict.fromkeys(before.keys() - now.keys(), 0))
    return changed
