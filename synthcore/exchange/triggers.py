"""Conditional orders: what they wait for, and which of them a price sets off."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, cast

from msgspec import Struct

from synthcore.exchange import refusal
from synthcore.exchange.contract import Contract
from synthcore.exchange.market_view import MarketView
from synthcore.exchange.orders import Order, Trigger
from synthcore.exchange.refusal import Refusal, Refused, params_error

TriggerBy = Literal["LastPrice", "MarkPrice", "IndexPrice"]
TRIGGER_SOURCES = frozenset({"LastPrice", "MarkPrice", "IndexPrice"})
DEFAULT_TRIGGER_BY: TriggerBy = "LastPrice"

RISES, FALLS = 1, 2  # triggerDirection

E8_BELOW_TICK = Decimal("0.1")  # finer contracts show prices of messages in units of 10⁻⁸, others of 10⁻⁴


class Prices(Struct, frozen=True):
    """The prices of one contract that can set an order off. None: not heard yet, or not meant now."""

    last: Decimal | None = None
    mark: Decimal | None = None
    index: Decimal | None = None

    def of(self, by: str) -> Decimal | None:
        if by == "MarkPrice":
            return self.mark
        return self.index if by == "IndexPrice" else self.last


def prices_of(market: MarketView, symbol: str) -> Prices:
    return Prices(market.last(symbol), market.mark(symbol), market.index(symbol))


class WaitingOrders:
    """The conditional orders of all accounts, by symbol."""

    def __init__(self) -> None:
        self._by_symbol: dict[str, dict[Order, None]] = {}

    def add(self, order: Order) -> None:
        self._by_symbol.setdefault(order.contract.symbol, {})[order] = None

    def discard(self, order: Order) -> None:
        waiting = self._by_symbol.get(order.contract.symbol, {})
        waiting.pop(order, None)
        if not waiting:
            self._by_symbol.pop(order.contract.symbol, None)

    def any_of(self, symbol: str) -> bool:
        return symbol in self._by_symbol

    def due(self, symbol: str, prices: Prices) -> list[Order]:
        """The orders that these prices set off, first come first; trailing stops follow the price first."""
        for order in self._by_symbol.get(symbol, ()):
            if order.trail is not None:
                order.follow(prices.last)
        return [order for order in self._by_symbol.get(symbol, ()) if is_met(order, prices)]


def is_met(order: Order, prices: Prices) -> bool:
    trigger = order.trigger
    assert trigger is not None
    price = prices.of(trigger.by)
    if price is None or (order.trail is not None and not order.trail.is_active):
        return False
    level = order.contract.price(trigger.price_ticks)
    return price >= level if trigger.direction == RISES else price <= level


def read_trigger_by(text: str | None, field: str, default: str = DEFAULT_TRIGGER_BY) -> TriggerBy:
    by = text or default
    if by not in TRIGGER_SOURCES:
        raise Refused(params_error(field))
    return cast(TriggerBy, by)


def check_waits(trigger: Trigger, contract: Contract, prices: Prices) -> None:
    """A trigger that the price has reached already is refused."""
    current = prices.of(trigger.by)
    if current is None:
        raise Refused(refusal.NO_MARKET_PRICE)
    level = contract.price(trigger.price_ticks)
    is_rising = trigger.direction == RISES
    if (level <= current) if is_rising else (level >= current):
        raise Refused(wrong_side(contract, level, current, trigger))


def wrong_side(contract: Contract, level: Decimal, current: Decimal, trigger: Trigger) -> Refusal:
    code, word, sign = (110092, "Rising", "<=") if trigger.direction == RISES else (110093, "Falling", ">=")
    said = f"trigger_price[{scaled(contract, level)}] {sign} current[{scaled(contract, current)}]"
    return Refusal(code, f"expect {word}, but {said}??{trigger.by}")


def scaled(contract: Contract, price: Decimal) -> int:
    """A price as Bybit's messages show it: a whole number."""
    return int(price * (10**8 if contract.tick < E8_BELOW_TICK else 10**4))
