"""A frame that comes again."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.effects import FrameEffect
from synthcore.exchange.faults.fault import FrameFault


class DuplicateFrame(FrameFault, frozen=True, tag="duplicate_frame"):
    """Send one frame more than once, the same in every byte."""

    default: ClassVar[str] = "private topic=execution"

    copies: Annotated[int, Meta(ge=2, le=100)] = 2

    def effect(self) -> FrameEffect:
        return FrameEffect(copies=self.copies)
