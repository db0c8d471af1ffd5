"""An order's check before it is placed, over REST."""

from __future__ import annotations

from synthcore.exchange.core import Exchange
from synthcore.exchange.endpoint import Call, Endpoint, Result, read_body
from synthcore.exchange.pre_check import pre_check
from synthcore.exchange.refusal import Refusal
from synthcore.venues.bybit.messages import CreateOrder

# Bybit's page says what is not served, and no code.
ONLY_CROSS = Refusal(10001, "Pre-check only supports cross margin and portfolio margin")
NO_CONDITIONAL = Refusal(10001, "Pre-check does not support conditional orders")


class PreCheckEndpoints:
    """All checks of `create`, and none of its effects."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("POST", "/v5/order/pre-check", self.check)]

    def check(self, call: Call) -> Result | Refusal:
        if call.user.is_isolated:
            return ONLY_CROSS
        order = self._exchange.tried(call.user, read_body(call.body, CreateOrder), call.now_ms)
        if isinstance(order, Refusal):
            return order
        if order.is_waiting:
            return NO_CONDITIONAL
        return pre_check(call.user, order, self._exchange.market.mark)
