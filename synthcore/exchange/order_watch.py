"""Which orders an act has changed, told as soon as the act is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from synthcore.exchange.batch import Event
from synthcore.exchange.core import Exchange
from synthcore.exchange.orders import Order
from synthcore.venues.bybit.messages import OrderMessage


def changed_orders(exchange: Exchange, events: Iterable[Event]) -> Iterable[Order]:
    """The orders that an act's order messages are about."""
    for event in events:
        if not isinstance(event.message, OrderMessage):
            continue
        log = exchange.log(exchange.accounts[event.uid])
        for row in event.message.data:
            order = log.find(row.order_id, None)
            if order is not None:
                yield order


def tell_of_changes(exchange: Exchange, tell: Callable[[Order], None]) -> Callable[[list[Event]], None]:
    """A watcher for the outbox that tells each changed order."""

    def watch(events: list[Event]) -> None:
        for order in changed_orders(exchange, events):
            tell(order)

    return watch
