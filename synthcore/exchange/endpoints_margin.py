"""Margin mode, leverage and the margin of isolated positions over REST."""

from __future__ import annotations

from synthcore.exchange.account import Account, Position
from synthcore.exchange.core import Exchange
from synthcore.exchange.decimals import text
from synthcore.exchange.endpoint import Call, Endpoint, Extended, Result, read_body, read_category
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.position_margins import CROSS, ISOLATED, PORTFOLIO
from synthcore.exchange.refusal import (
    MARGIN_MODE_FAILED,
    MARGIN_MODE_UNCHANGED,
    UNIFIED_FORBIDDEN,
    Refusal,
    Refused,
    params_error,
)
from synthcore.exchange.rows import rest_position_row
from synthcore.venues.bybit.messages import (
    AddMargin,
    MarginResult,
    SetAutoAddMargin,
    SetLeverage,
    SetMarginMode,
)

LEAST_PORTFOLIO_EQUITY = 1000
# Portfolio margin is refused with a code of its own.
PORTFOLIO_FAILED = Refusal(3400045, "Set margin mode failed")
EQUITY_TOO_LOW = Refusal(3400000, "Equity needs to be equal to or greater than 1000 USDC")
NO_PORTFOLIO = Refusal(110077, "Pm mode cannot support")


class MarginEndpoints:
    """Everything about margin but reading it."""

    def __init__(self, exchange: Exchange, outbox: Outbox) -> None:
        self._exchange = exchange
        self._margins = exchange.margins
        self._outbox = outbox

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", "/v5/account/set-margin-mode", self.set_margin_mode),
            Endpoint("POST", "/v5/position/switch-isolated", self.switch_isolated),
            Endpoint("POST", "/v5/position/set-leverage", self.set_leverage),
            Endpoint("GET", "/v5/position/symbol-info", self.leverages),
            Endpoint("POST", "/v5/position/add-margin", self.add_margin),
            Endpoint("POST", "/v5/position/set-auto-add-margin", self.set_auto_add_margin),
        ]

    def set_margin_mode(self, call: Call) -> Result | Refusal:
        """The reasons of a refusal are listed; nothing is, where it succeeds."""
        mode = read_body(call.body, SetMarginMode).set_margin_mode
        if mode == PORTFOLIO:
            equity = call.user.margin(self._exchange.market.mark).equity
            reason = EQUITY_TOO_LOW if equity < LEAST_PORTFOLIO_EQUITY else NO_PORTFOLIO
            return failed(PORTFOLIO_FAILED, reason)
        if mode not in (CROSS, ISOLATED):
            return params_error("setMarginMode")
        refused, events = self._margins.set_mode(call.user, mode, call.now_ms)
        self._outbox.put(events)
        if refused is None:
            return {"reasons": []}
        return refused if refused is MARGIN_MODE_UNCHANGED else failed(MARGIN_MODE_FAILED, refused)

    def switch_isolated(self, call: Call) -> Refusal:
        """Of classic accounts; a unified account has one mode for all symbols."""
        return UNIFIED_FORBIDDEN

    def set_leverage(self, call: Call) -> Result | Refusal:
        refused = self._margins.set_leverage(call.user, read_body(call.body, SetLeverage))
        return refused or {}

    def leverages(self, call: Call) -> Result:
        """The leverage of each leg of one symbol, else of all, whether anything is held or not."""
        category, symbol = read_category(call.params), call.params.get("symbol")
        contracts = self._exchange.contracts if category == "linear" else {}
        if symbol and contracts and symbol not in contracts:
            raise Refused(params_error("symbol"))
        rows = [
            row for name in sorted(contracts) if symbol in (None, "", name) for row in legs(call.user, name)
        ]
        return {"category": category, "list": rows}

    def add_margin(self, call: Call) -> Result | Refusal:
        outcome, events = self._margins.add(call.user, read_body(call.body, AddMargin), call.now_ms)
        if isinstance(outcome, Refusal):
            return outcome
        self._outbox.put(events)
        return self._margin_row(call.user, outcome)

    def set_auto_add_margin(self, call: Call) -> Result | Refusal:
        refused = self._margins.set_auto_add(call.user, read_body(call.body, SetAutoAddMargin))
        return refused or {}

    def _margin_row(self, account: Account, position: Position) -> MarginResult:
        mark = self._exchange.market.mark
        row = rest_position_row(position, mark(position.contract.symbol), account.margin(mark))
        fields = {name: getattr(row, name) for name in MarginResult.__struct_fields__ if hasattr(row, name)}
        bust_price = self._exchange.liquidator.bankruptcy_price(account, position)
        return MarginResult(**{**fields, "category": "linear", "bust_price": text(bust_price)})


def legs(account: Account, symbol: str) -> list[dict[str, object]]:
    """What each position record of a symbol is levered with; `side` means nothing."""
    indices = (1, 2) if account.is_hedged(symbol) else (0,)
    return [
        {
            "symbol": symbol,
            "leverage": text(account.leverage(symbol, index)),
            "side": "",
            "positionIdx": index,
        }
        for index in indices
    ]


def failed(refusal: Refusal, reason: Refusal) -> Extended:
    reasons = [{"reasonCode": str(reason.code), "reasonMsg": reason.message}]
    return Extended({"reasons": reasons}, outcome=refusal)
