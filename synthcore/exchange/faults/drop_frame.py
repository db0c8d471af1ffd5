"""A frame that never comes."""

from __future__ import annotations

from typing import ClassVar

from synthcore.exchange.faults.effects import FrameEffect
from synthcore.exchange.faults.fault import FrameFault


class DropFrame(FrameFault, frozen=True, tag="drop_frame"):
    """Leave one frame out; nothing tells that it was there."""

    default: ClassVar[str] = "private topic=execution"

    def effect(self) -> FrameEffect:
        return FrameEffect(copies=0)
