"""The kinds of orders that `orderFilter` means."""

from __future__ import annotations

from synthcore.exchange.orders import STOP, Order
from synthcore.exchange.refusal import Refused, params_error

FILTERS = frozenset({"Order", "StopOrder", "OpenOrder"})
OF_OTHER_CATEGORIES = frozenset({"tpslOrder", "OcoOrder", "BidirectionalTpslOrder"})  # match nothing here


def passes_filter(order: Order, order_filter: str | None, stop_order_type: str | None = None) -> bool:
    """Whether a filter means this order; without one all kinds are meant.

    `Order` is what is active, `StopOrder` what waits (or ended) as a conditional order, `OpenOrder` both
    but for the stops of positions. `stopOrderType` `Stop` leaves those out of `StopOrder` too.
    """
    if not order_filter:
        return True
    if order_filter in OF_OTHER_CATEGORIES:
        return False
    if order_filter not in FILTERS:
        raise Refused(params_error("orderFilter"))
    is_stop_of_position = order.trigger is not None and order.stop_order_type != STOP
    is_conditional = order.trigger is not None and (order.is_waiting or not order.is_open)
    if order_filter == "Order":
        return not is_conditional
    if order_filter == "OpenOrder":
        return not is_stop_of_position
    return is_conditional and not (stop_order_type == STOP and is_stop_of_position)
