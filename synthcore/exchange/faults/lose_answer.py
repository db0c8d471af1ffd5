"""The connection breaks instead of an answer."""

from __future__ import annotations

from typing import ClassVar

from synthcore.exchange.faults.effects import CallEffect, Silence
from synthcore.exchange.faults.fault import CallFault, How


class LoseAnswer(CallFault, frozen=True, tag="lose_answer"):
    """Cut the connection: at `reply` the call took effect, at `request` it did not. The client can't tell."""

    default: ClassVar[str] = "reply path=/v5/order/create code=0"

    how: How = "close"

    def effect(self) -> CallEffect:
        return Silence(resets=self.how == "reset")
