"""What order queries show: the orders' states of some time ago, as on an exchange whose views lag."""

from __future__ import annotations

import copy
import time
from collections import deque
from collections.abc import Callable
from itertools import islice

from synthcore.exchange.order_log import OrderLog, newest_first
from synthcore.exchange.orders import Order

KEPT_WAITING = 1000  # orders with a state that nobody looked at since; more are tidied up


class Visibility:
    """Remembers the last visible state of every order that changed lately.

    Parameters
    ----------
    lag_s
        Draws how long a change takes to be seen; 0 is at once.
    lags
        Whether it draws anything but 0 now.
    now_s
        A monotonic clock.
    """

    def __init__(
        self,
        lag_s: Callable[[], float],
        lags: Callable[[], bool] = lambda: True,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lag_s = lag_s
        self._lags = lags
        self._now_s = now_s
        self._waiting: dict[Order, deque[tuple[float, Order]]] = {}  # when it is seen, and what
        self._shown: dict[Order, Order] = {}  # of open orders whose changes lag
        self._hidden_until_s: dict[Order, float] = {}

    @property
    def is_used(self) -> bool:
        """Whether it wants to know of changes: while nothing lags it costs nothing."""
        return self._lags() or bool(self._waiting or self._shown or self._hidden_until_s)

    def hide(self, order: Order, for_s: float) -> None:
        """Show nothing new of this order for a while; of a new one, nothing at all."""
        self._hidden_until_s[order] = self._now_s() + for_s

    def note(self, order: Order) -> None:
        """An order is new or has changed."""
        now_s = self._now_s()
        due_s = max(now_s + self._lag_s(), self._hidden_until_s.get(order, 0.0))
        waiting = self._waiting.get(order)
        if waiting is None and due_s <= now_s:
            self._forget(order)  # the truth is what is seen
            return
        if waiting is None:
            waiting = self._waiting[order] = deque()
            if order not in self._shown and order.created_ms != order.updated_ms:
                # It was there before anything lagged: nobody kept the state before this one.
                self._shown[order] = copy.copy(order)
        due_s = max(due_s, waiting[-1][0] if waiting else 0.0)  # states are seen in their order
        waiting.append((due_s, copy.copy(order)))
        if len(self._waiting) > KEPT_WAITING:
            self._tidy()

    def of(self, log: OrderLog) -> OrderLog | LaggingLog:
        """The log as a query sees it."""
        return LaggingLog(self, log) if self._waiting or self._shown else log

    def seen(self, order: Order) -> Order | None:
        """The state of an order that a query sees now; None while it is not there yet."""
        waiting = self._waiting.get(order)
        if waiting is None:
            return self._shown.get(order, order)
        now_s = self._now_s()
        while waiting and waiting[0][0] <= now_s:
            self._shown[order] = waiting.popleft()[1]
        if waiting:
            return self._shown.get(order)
        del self._waiting[order]
        if not order.is_open:
            self._forget(order)
            return order
        return self._shown[order]

    def lagging(self) -> list[Order]:
        """Orders whose newest state is not seen yet."""
        return list(self._waiting)

    def _forget(self, order: Order) -> None:
        self._shown.pop(order, None)
        self._hidden_until_s.pop(order, None)

    def _tidy(self) -> None:
        for order in self.lagging():
            self.seen(order)


class LaggingLog:
    """An account's orders as `order/realtime` and `order/history` find them."""

    def __init__(self, visibility: Visibility, log: OrderLog) -> None:
        self._visibility = visibility
        self._log = log

    def find(self, order_id: str | None, link_id: str | None) -> Order | None:
        order = self._log.find(order_id, link_id)
        return None if order is None else self._visibility.seen(order)

    def open_orders(self) -> list[Order]:
        """Those that look open, newest first: some of them are over already."""
        orders = set(self._log.open_orders())
        orders.update(order for order in self._visibility.lagging() if self._is_mine(order))
        seen = (self._visibility.seen(order) for order in orders)
        return newest_first(order for order in seen if order is not None and order.is_open)

    def closed_orders(self, limit: int | None = None) -> list[Order]:
        seen = (self._visibility.seen(order) for order in reversed(self._log.closed))
        return newest_first(
            islice((order for order in seen if order is not None and not order.is_open), limit)
        )

    def _is_mine(self, order: Order) -> bool:
        return self._log.find(order.order_id, None) is order
