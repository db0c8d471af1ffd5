"""One `orderbook.50` book, kept from snapshots and deltas, trusted only while none is missing."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import NamedTuple

from synthcore.venues.bybit.public import BookData, BookFrame

RESTARTED = 1  # the update id that marks a service restart: the book starts anew


class BookOutcome(Enum):
    """What became of one frame."""

    APPLIED = auto()
    STALE = auto()  # older than the book: nothing is missing, nothing is new
    GAP = auto()  # at least one frame is missing: untrusted from here on
    WAITING = auto()  # untrusted already: only a snapshot helps


class Top(NamedTuple):
    """The best level of each side."""

    bid_px: float
    bid_qty: float
    ask_px: float
    ask_qty: float


class OrderBook:
    """The levels of one symbol, by price."""

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.update_id = 0
        self.is_trusted = False  # until the first snapshot

    def apply(self, frame: BookFrame) -> BookOutcome:
        """Take one frame in.

        Raises
        ------
        ValueError
            A level with an impossible price or size; the book is unchanged.
        """
        check_levels(frame.data)
        if frame.type == "snapshot" or frame.data.u == RESTARTED:
            return self._replace(frame.data)
        if not self.is_trusted:
            return BookOutcome.WAITING
        if frame.data.u <= self.update_id:
            return BookOutcome.STALE
        if frame.data.u != self.update_id + 1:
            self.is_trusted = False
            return BookOutcome.GAP
        return self._change(frame.data)

    def reset(self) -> None:
        """Forget everything: a new link starts with a snapshot."""
        self.bids.clear()
        self.asks.clear()
        self.update_id = 0
        self.is_trusted = False

    def top(self) -> Top | None:
        """The best level of each side, None while a side is empty."""
        if not self.bids or not self.asks:
            return None
        bid_px = max(self.bids)
        ask_px = min(self.asks)
        return Top(bid_px, self.bids[bid_px], ask_px, self.asks[ask_px])

    def _replace(self, data: BookData) -> BookOutcome:
        self.reset()
        self.is_trusted = True
        return self._change(data)

    def _change(self, data: BookData) -> BookOutcome:
        change_side(self.bids, data.b)
        change_side(self.asks, data.a)
        self.update_id = data.u
        return BookOutcome.APPLIED


def check_levels(data: BookData) -> None:
    """Refuse levels that no exchange has."""
    for px, qty in (*data.b, *data.a):
        if not (0 < px < math.inf and 0 <= qty < math.inf):
            raise ValueError(f"a level has a price above 0 and a size of at least 0, was {px} × {qty}")


def change_side(levels: dict[float, float], changes: list[tuple[float, float]]) -> None:
    """Set or delete the changed levels of one side."""
    for px, qty in changes:
        if qty == 0:
            levels.pop(px, None)
        else:
            levels[px] = qty
