"""A hole in a public book."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from synthcore.exchange.faults.effects import FrameEffect
from synthcore.exchange.faults.fault import FrameFault
from synthcore.exchange.faults.trigger import Point, When


class SequenceGap(FrameFault, frozen=True, tag="sequence_gap"):
    """Leave out a few frames of a book in a row: the next one's `u` doesn't follow."""

    points: ClassVar[tuple[Point, ...]] = ("public",)
    default: ClassVar[str] = "public topic=orderbook.50.*"

    frames: Annotated[int, Meta(ge=1)] = 1

    def trigger(self) -> When:
        return msgspec.structs.replace(super().trigger(), count=self.frames)

    def effect(self) -> FrameEffect:
        return FrameEffect(copies=0)
