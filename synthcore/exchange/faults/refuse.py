"""An error code on demand."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.effects import CallEffect
from synthcore.exchange.faults.effects import Refuse as RefuseEffect
from synthcore.exchange.faults.fault import CallFault
from synthcore.exchange.refusal import Refusal

TOO_MANY_VISITS = 10006
# Bybit's words where they are known; 10016 has none in the documentation.
MESSAGES = {
    10002: "invalid request, please check your server timestamp or recv_window param.",
    10006: "Too many visits!",
    10016: "Internal system error. Please try again later.",
    110007: "ab not enough for new order",
    110017: "Reduce-only rule not satisfied",
    110072: "OrderLinkedID is duplicate",
}


class RefuseCall(CallFault, frozen=True, tag="refuse"):
    """Answer with a code: at `request` the call never took place, at `reply` it did all the same."""

    default: ClassVar[str] = "request path=/v5/order/create"

    code: int
    message: str = ""
    retry_after_ms: Annotated[int, Meta(ge=0)] = 1000  # of 10006, in its headers

    def effect(self) -> CallEffect:
        message = self.message or MESSAGES.get(self.code, "")
        wait_ms = self.retry_after_ms if self.code == TOO_MANY_VISITS else None
        return RefuseEffect(Refusal(self.code, message), wait_ms)
