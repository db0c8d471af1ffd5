"""What a test does to a market: prices shifted, contracts that stand still. Pure: frames in, frames out."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from synthcore.exchange.market.state import MarketState

NONE = Decimal(0)
PRICES = ("lastPrice", "markPrice", "indexPrice", "bid1Price", "ask1Price")

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class Bend:
    """Shifts and halts of a market, by symbol."""

    def __init__(self) -> None:
        self.shifts: dict[str, Decimal] = {}
        self.halted: set[str] = set()

    @property
    def is_straight(self) -> bool:
        return not self.shifts and not self.halted

    def bent(self, topic: str, text: bytes) -> bytes | None:
        """The frame as it is to be; None where its contract stands still."""
        symbol = topic.rpartition(".")[2]
        if symbol in self.halted:
            return None
        shift = self.shifts.get(symbol)
        return text if shift is None else shifted(topic, text, shift)

    def shift(
        self, symbol: str, by: Decimal, market: MarketState, now_ms: int
    ) -> Iterator[tuple[str, bytes]]:
        """Shift a contract's prices from now on; gives the frames that say so at once.

        Parameters
        ----------
        by
            In the contract's ticks, on top of what it is shifted already.
        """
        total = self.shifts.pop(symbol, NONE) + by
        if total:
            self.shifts[symbol] = total
        topics = [f"orderbook.{depth}.{symbol}" for depth in market.depths(symbol)] + [f"tickers.{symbol}"]
        for topic in topics:
            snapshot = market.snapshot(topic, now_ms)
            if snapshot is not None:
                yield topic, shifted(topic, snapshot, by)


def shifted(topic: str, text: bytes, by: Decimal) -> bytes:
    """The frame with every price moved; a topic without prices stays as it is."""
    message = _decode(text)
    data = message["data"]
    match topic.partition(".")[0]:
        case "orderbook":
            for side in ("b", "a"):
                data[side] = [[moved(price, by), qty] for price, qty in data[side]]
        case "tickers":
            data.update({name: moved(data[name], by) for name in PRICES if data.get(name)})
        case "publicTrade":
            for row in data:
                row["p"] = moved(row["p"], by)
        case _:
            return text
    return _encode(message)


def moved(price: str, by: Decimal) -> str:
    """A price with as many decimals as it had."""
    before = Decimal(price)
    return f"{(before + by).quantize(before) if before.as_tuple().exponent else before + by:f}"
