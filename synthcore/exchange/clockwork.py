"""What the clock alone brings about: idle connections are cut, orders end."""

from __future__ import annotations

from collections.abc import Collection

from synthcore.exchange.account import Account
from synthcore.exchange.clock import ExchangeClock
from synthcore.exchange.core import Exchange
from synthcore.exchange.dcp import FUTURES_TOPIC, DisconnectGuard
from synthcore.exchange.idle import IdleWatch
from synthcore.exchange.orders import Order
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.private import PrivateStream
from synthcore.exchange.status import StatusStream
from synthcore.exchange.trade import TradeStream

BY_DISCONNECT = "CancelByDCP"
BY_AGE = "CancelByAdmin"  # Bybit has no word of its own for an order that a demo account left too long


class Clockwork:
    """Looks at the exchange's clock; somebody has to call `tick` about once a second.

    Parameters
    ----------
    order_life_ms
        After which an open order is cancelled; None: never. Stops of positions stay.
    """

    def __init__(
        self,
        clock: ExchangeClock,
        core: Exchange,
        private: PrivateStream,
        trade: TradeStream,
        guard: DisconnectGuard,
        outbox: Outbox,
        order_life_ms: int | None,
        status: StatusStream,
    ) -> None:
        self._clock = clock
        self._core = core
        self._private = private
        self._guard = guard
        self._outbox = outbox
        self._order_life_ms = order_life_ms
        self._status = status
        self._idle = IdleWatch((private.sessions, trade.sessions))
        private.sessions.tell_changed = self._note_guarded

    def tick(self) -> None:
        now_ms = self._clock.now_ms()
        self._idle.look(now_ms)
        self._status.look(now_ms)
        for uid in self._guard.over(now_ms):
            account = self._core.accounts[uid]
            active = [order for order in self._core.log(account).open_orders() if not order.is_waiting]
            self._end(account, active, BY_DISCONNECT, now_ms)
        if self._order_life_ms is not None:
            self._end_old_orders(now_ms - self._order_life_ms, now_ms)
        self._outbox.flush()

    def _note_guarded(self, topics: Collection[str]) -> None:
        """Tell the guard at once: a connection may be gone before the next tick."""
        if FUTURES_TOPIC in topics:
            self._guard.note(self._private.users_of(FUTURES_TOPIC), self._clock.now_ms())

    def _end_old_orders(self, created_ms: int, now_ms: int) -> None:
        for account in self._core.accounts.values():
            old = [order for order in self._core.log(account).open_before(created_ms) if not order.tpsl_mode]
            self._end(account, old, BY_AGE, now_ms)

    def _end(self, account: Account, orders: list[Order], cancel_type: str, now_ms: int) -> None:
        if orders:
            self._outbox.put(self._core.end_orders(account, orders, cancel_type, now_ms))
