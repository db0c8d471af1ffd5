"""Two frames in the wrong order."""

from __future__ import annotations

from typing import ClassVar

from synthcore.exchange.faults.effects import FrameEffect
from synthcore.exchange.faults.fault import FrameFault


class ReorderFrame(FrameFault, frozen=True, tag="reorder_frame"):
    """Send one frame behind the next one of its user, or of its public topic."""

    default: ClassVar[str] = "private topic=execution"

    def effect(self) -> FrameEffect:
        return FrameEffect(is_swapped=True)
