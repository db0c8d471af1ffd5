"""One call that takes longer."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.effects import CallEffect, Wait
from synthcore.exchange.faults.fault import CallFault


class DelayCall(CallFault, frozen=True, tag="delay_call"):
    """Let a request arrive late (`request`), or its answer (`reply`)."""

    default: ClassVar[str] = "reply path=/v5/order/create"

    ms: Annotated[float, Meta(gt=0)]

    def effect(self) -> CallEffect:
        return Wait(self.ms)
