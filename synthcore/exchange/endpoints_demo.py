"""What only a demo account has: money for the asking."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from synthcore.exchange.core import Exchange
from synthcore.exchange.decimals import ZERO, read
from synthcore.exchange.endpoint import Call, Endpoint, Result, read_body
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.refusal import Refusal, Refused, params_error

MOST_AT_ONCE = {"BTC": Decimal(15), "ETH": Decimal(200), "USDT": Decimal(100_000), "USDC": Decimal(100_000)}
KEPT_COIN = "USDT"  # the one that a wallet here has
REDUCE = 1


class Money(Struct, rename="camel"):
    coin: str
    amount_str: str


class MoneyRequest(Struct, rename="camel"):
    """Body of `demo-apply-money`."""

    uta_demo_apply_money: list[Money]
    adjust_type: Literal[0, 1] = 0


class DemoEndpoints:
    """Adds to the wallet, or takes from it; at most once a minute, as the rate limits say."""

    def __init__(self, exchange: Exchange, outbox: Outbox) -> None:
        self._exchange = exchange
        self._outbox = outbox

    def endpoints(self) -> list[Endpoint]:
        return [Endpoint("POST", "/v5/account/demo-apply-money", self.apply_money)]

    def apply_money(self, call: Call) -> Result | Refusal:
        """Coins other than USDT are checked and leave no trace: no wallet here has them."""
        request = read_body(call.body, MoneyRequest)
        amounts = [(money.coin, amount_of(money)) for money in request.uta_demo_apply_money]
        asked = sum((amount for coin, amount in amounts if coin == KEPT_COIN), ZERO)
        if asked == 0:
            return {}
        change = -asked if request.adjust_type == REDUCE else asked
        refused, events = self._exchange.transfer(call.user, change, call.now_ms)
        self._outbox.put(events)
        return refused or {}


def amount_of(money: Money) -> Decimal:
    most, amount = MOST_AT_ONCE.get(money.coin), read(money.amount_str)
    if most is None:
        raise Refused(params_error("coin"))
    if amount is None or not 0 < amount <= most:
        raise Refused(params_error("amountStr"))
    return amount
