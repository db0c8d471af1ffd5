"""`/_control/state`: accounts, orders and positions as the exchange counts them, read only."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from synthcore.errors import ConfigError
from synthcore.exchange.account import Account
from synthcore.exchange.control.door import ControlCall, Routes
from synthcore.exchange.core import Exchange
from synthcore.exchange.decimals import text
from synthcore.exchange.rows import order_row, position_row

PATH = "/_control/state"


class StateControl:
    """Shows what no fault can hide: nothing of it goes through frames, views that lag, or queries."""

    def __init__(self, core: Exchange) -> None:
        self._core = core

    def routes(self) -> Routes:
        return {("GET", PATH): self._facts}

    def _facts(self, call: ControlCall) -> object:
        return {"accounts": {account.uid: self._of(account) for account in self._asked(call)}}

    def _asked(self, call: ControlCall) -> Iterator[Account]:
        accounts, uid = self._core.accounts, call.query.get("account", "")
        if uid and uid not in accounts:
            raise ConfigError(f"account must be one of {', '.join(accounts)}, was {uid}")
        return iter([accounts[uid]] if uid else accounts.values())

    def _of(self, account: Account) -> object:
        log = self._core.log(account)
        margin = account.margin(self._core.market.mark)
        mark = self._core.market.mark
        positions = [position_row(one, mark(one.contract.symbol), margin) for one in account.held()]
        return {
            "wallet": text(account.wallet),
            "equity": text(margin.equity),
            "positions": msgspec.to_builtins(positions),
            "orders": msgspec.to_builtins([order_row(order) for order in log.open_orders()]),
            "fills": len(log.fills),
        }
