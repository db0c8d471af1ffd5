"""Writes a book whose sides overlap, and mends it one frame later."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from synthcore.exchange.display.rpi_stream import DEPTH as RPI_DEPTH
from synthcore.exchange.display.rpi_stream import RPI
from synthcore.exchange.faults.effects import FrameEffect
from synthcore.exchange.market.state import MarketState


class Crossing:
    """Knows the books, so that a delta can be crossed, too."""

    def __init__(self, market: MarketState) -> None:
        self._market = market

    def effect(self, topic: str) -> FrameEffect:
        """What becomes of this frame of a book and of the next one; nothing where there is no book."""
        kind, _, rest = topic.partition(".")
        depth, _, symbol = rest.partition(".")
        if kind != "orderbook":
            return FrameEffect()
        no_rpi = ["0"] if depth == RPI else []
        bids, asks = self._market.written(symbol, RPI_DEPTH if depth == RPI else int(depth))
        if not bids or not asks:
            return FrameEffect()
        price = asks[min(1, len(asks) - 1)][0]  # strictly above the best ask, where there is a second one
        level = [price, bids[0][1], *no_rpi]
        is_top = depth == "1"
        return FrameEffect(
            change=partial(with_bid, level=level, is_alone=is_top),
            change_next=None if is_top else partial(with_bid, level=[price, "0", *no_rpi], is_alone=False),
        )


def with_bid(frame: bytes, level: list[str], is_alone: bool) -> bytes:
    """The frame with one bid more; a snapshot needs nobody to take a level out."""
    message: dict[str, Any] = msgspec.json.decode(frame)
    if level[1] != "0" or message["type"] == "delta":
        others = [] if is_alone else message["data"]["b"]
        message["data"]["b"] = [level, *others]
    return msgspec.json.encode(message)
