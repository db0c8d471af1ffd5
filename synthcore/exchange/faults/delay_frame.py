"""A frame that comes late."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.effects import FrameEffect
from synthcore.exchange.faults.fault import FrameFault


class DelayFrame(FrameFault, frozen=True, tag="delay_frame"):
    """Send one frame later; those behind it overtake."""

    default: ClassVar[str] = "private topic=execution"

    ms: Annotated[float, Meta(gt=0)] = 500.0

    def effect(self) -> FrameEffect:
        return FrameEffect(late_ms=self.ms)
