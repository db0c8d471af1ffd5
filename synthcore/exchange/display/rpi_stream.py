"""The `orderbook.rpi` stream: the book, with the size of RPI orders beside the others'. There are none."""

from __future__ import annotations

from synthcore.exchange.display.book_stream import BookStream, Stamps
from synthcore.exchange.display.levels import Sides
from synthcore.exchange.market.frames import Digits, rpi_frame

RPI = "rpi"  # where other topics have their depth
DEPTH = 50
PERIOD_MS = 100


class RpiStream(BookStream):
    """A book of our own; it follows no stream of the market."""

    def __init__(self, symbol: str, price: Digits, lot: Digits) -> None:
        super().__init__(DEPTH, PERIOD_MS, symbol, price, lot)
        self.topic = f"orderbook.{RPI}.{symbol}"

    def _frame(self, kind: str, sides: Sides, stamps: Stamps) -> bytes:
        bids, asks = self._pairs(sides[0]), self._pairs(sides[1])
        self.sent_ms = stamps.now_ms
        return rpi_frame(self._symbol, kind, bids, asks, u=self.u, seq=stamps.seq, now_ms=stamps.now_ms)
