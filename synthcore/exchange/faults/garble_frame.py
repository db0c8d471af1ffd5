"""A frame that can't be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from synthcore.exchange.faults.effects import FrameEffect
from synthcore.exchange.faults.fault import FrameFault

PADDING = b" " * (2 * 1024 * 1024)


class GarbleFrame(FrameFault, frozen=True, tag="garble_frame"):
    """Send one frame that is no JSON, or ends in the middle, or is far too long."""

    default: ClassVar[str] = "private topic=execution"

    how: Literal["malformed", "truncated", "oversized"] = "malformed"

    def effect(self) -> FrameEffect:
        return FrameEffect(change=CHANGES[self.how])


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "malformed": lambda frame: b'{"topic":' + frame[:40] + b"\xff\x00}",
    "truncated": lambda frame: frame[: len(frame) // 2],
    "oversized": lambda frame: frame[:-1] + PADDING + frame[-1:],  # JSON allows the space
}
