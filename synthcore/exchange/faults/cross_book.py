"""A public book whose sides overlap."""

from __future__ import annotations

from typing import ClassVar

from synthcore.exchange.faults.effects import FrameEffect
from synthcore.exchange.faults.fault import FrameFault
from synthcore.exchange.faults.trigger import Point


class CrossBook(FrameFault, frozen=True, tag="cross_book"):
    """Write a bid above the best ask into one frame of a book; the next one takes it out."""

    points: ClassVar[tuple[Point, ...]] = ("public",)
    default: ClassVar[str] = "public topic=orderbook.50.*"

    def effect(self) -> FrameEffect:
        return FrameEffect(is_crossed=True)
