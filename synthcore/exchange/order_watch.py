"""What an act has done to orders, told as soon as it is done: to the views that lag, and to faults."""

from __future__ import annotations

from collections.abc import Callable

from synthcore.exchange.batch import Event
from synthcore.exchange.core import Exchange
from synthcore.exchange.faults.engine import FaultEngine, order_happening
from synthcore.exchange.orders import Order
from synthcore.exchange.visibility import Visibility
from synthcore.venues.bybit.messages import ExecutionMessage, OrderMessage


class OrderWatch:
    """Reads an act's private messages and tells of fills and changes."""

    def __init__(self, exchange: Exchange, visibility: Visibility, faults: FaultEngine) -> None:
        self._exchange = exchange
        self._visibility = visibility
        self._faults = faults

    @property
    def is_wanted(self) -> bool:
        """Whether anybody wants to know: nobody does, as a rule, and then it costs nothing."""
        return self._visibility.is_used or self._faults.watches("fill", "order")

    def look(self, events: list[Event]) -> None:
        for event in events:
            message = event.message
            if isinstance(message, ExecutionMessage):
                for fill in message.data:
                    self._with_order(event.uid, fill.order_id, self._filled)
            elif isinstance(message, OrderMessage):
                for row in message.data:
                    self._with_order(event.uid, row.order_id, self._changed)

    def _with_order(self, uid: str, order_id: str, tell: Callable[[Order], None]) -> None:
        order = self._exchange.log(self._exchange.accounts[uid]).find(order_id, None)
        if order is not None:
            tell(order)

    def _filled(self, order: Order) -> None:
        self._faults.tell(order_happening("fill", order), order)

    def _changed(self, order: Order) -> None:
        self._visibility.note(order)
        self._faults.tell(order_happening("order", order), order)
