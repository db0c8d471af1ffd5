"""No answer, and no end of the connection either."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.effects import CallEffect, Silence
from synthcore.exchange.faults.fault import CallFault


class TimeOut(CallFault, frozen=True, tag="time_out"):
    """Stay silent until the client gives up: before the call took effect (`request`), or after (`reply`)."""

    default: ClassVar[str] = "reply path=/v5/order/create code=0"

    ms: Annotated[float, Meta(gt=0)] | None = None  # then the connection is cut; None: never

    def effect(self) -> CallEffect:
        return Silence(self.ms)
