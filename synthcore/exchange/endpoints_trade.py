"""Orders and fills over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import UNSET

from synthcore.exchange.admission import check_category
from synthcore.exchange.core import Exchange
from synthcore.exchange.endpoint import (
    Call,
    Endpoint,
    Result,
    page_of,
    read_body,
    read_category,
    read_limit,
    read_ms,
)
from synthcore.exchange.order_batch import (
    Outcome,
    acknowledged_row,
    count_orders,
    created_row,
    read_batch,
    run_batch,
)
from synthcore.exchange.order_filter import passes_filter
from synthcore.exchange.orders import Order
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.refusal import NOTHING_TO_REPLACE, Refusal, Refused, params_error
from synthcore.exchange.rows import rest_order_row
from synthcore.exchange.visibility import Visibility
from synthcore.venues.bybit.messages import (
    AmendOrder,
    CancelAll,
    CancelAllResult,
    CancelOrder,
    CreateOrder,
    ExecutionRow,
    OrderAckResult,
    TradingStop,
)

DAY_MS = 24 * 60 * 60 * 1000
WEEK_MS = 7 * DAY_MS
ALWAYS_MS = 1 << 62
CLOSED_IN_REALTIME = 500  # what `openOnly=1` can still see

NEVER_FILLED_ENDS = frozenset({"Cancelled", "Rejected", "Deactivated"})


class TradeEndpoints:
    """Create, amend, cancel, cancel-all, batches, stops of positions; open orders, history, executions."""

    def __init__(self, exchange: Exchange, outbox: Outbox, visibility: Visibility) -> None:
        self._exchange = exchange
        self._outbox = outbox
        self._visibility = visibility

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("POST", "/v5/order/create", self.create),
            Endpoint("POST", "/v5/order/amend", self.amend),
            Endpoint("POST", "/v5/order/cancel", self.cancel),
            Endpoint("POST", "/v5/order/cancel-all", self.cancel_all),
            Endpoint("POST", "/v5/order/create-batch", self.create_batch, cost=count_orders),
            Endpoint("POST", "/v5/order/amend-batch", self.amend_batch, cost=count_orders),
            Endpoint("POST", "/v5/order/cancel-batch", self.cancel_batch, cost=count_orders),
            Endpoint("POST", "/v5/position/trading-stop", self.trading_stop),
            Endpoint("GET", "/v5/order/realtime", self.realtime),
            Endpoint("GET", "/v5/order/history", self.history),
            Endpoint("GET", "/v5/execution/list", self.executions),
        ]

    # Acts

    def create(self, call: Call) -> Result | Refusal:
        order, events = self._exchange.place(call.user, read_body(call.body, CreateOrder), call.now_ms)
        self._outbox.put(events)
        return _acknowledged(order)

    def amend(self, call: Call) -> Result | Refusal:
        order, events = self._exchange.amend(call.user, read_body(call.body, AmendOrder), call.now_ms)
        self._outbox.put(events)
        return _acknowledged(order)

    def cancel(self, call: Call) -> Result | Refusal:
        order, events = self._exchange.cancel(call.user, read_body(call.body, CancelOrder), call.now_ms)
        self._outbox.put(events)
        return _acknowledged(order)

    def cancel_all(self, call: Call) -> Result | Refusal:
        orders, events = self._exchange.cancel_all(call.user, read_body(call.body, CancelAll), call.now_ms)
        self._outbox.put(events)
        if isinstance(orders, Refusal):
            return orders
        return CancelAllResult([OrderAckResult(order.order_id, order.link_id) for order in orders])

    def create_batch(self, call: Call) -> Result:
        batch = read_batch(call.body)
        check_category(batch.category)

        def act(order: CreateOrder) -> Outcome:
            return self._exchange.place(call.user, order, call.now_ms)

        return run_batch(batch, CreateOrder, act, self._outbox, call.granted, created_row)

    def amend_batch(self, call: Call) -> Result:
        batch = read_batch(call.body)
        check_category(batch.category)

        log = self._exchange.log(call.user)

        def act(change: AmendOrder) -> Outcome:
            order = log.find(change.order_id, change.order_link_id)
            if order is not None and order.is_waiting:  # a batch takes no conditional orders
                return NOTHING_TO_REPLACE, ()
            return self._exchange.amend(call.user, change, call.now_ms)

        return run_batch(batch, AmendOrder, act, self._outbox, call.granted, acknowledged_row)

    def cancel_batch(self, call: Call) -> Result:
        batch = read_batch(call.body)
        check_category(batch.category)

        def act(order: CancelOrder) -> Outcome:
            return self._exchange.cancel(call.user, order, call.now_ms)

        return run_batch(batch, CancelOrder, act, self._outbox, call.granted, acknowledged_row)

    def trading_stop(self, call: Call) -> Result | Refusal:
        request = read_body(call.body, TradingStop)
        refused, events = self._exchange.trading_stop(call.user, request, call.now_ms)
        self._outbox.put(events)
        return refused or {}

    # Questions

    def realtime(self, call: Call) -> Result:
        """Open orders, or the last closed ones; an id finds either."""
        params, log = call.params, self._visibility.of(self._exchange.log(call.user))
        category = read_category(params)
        order_id, link_id = params.get("orderId"), params.get("orderLinkId")
        _require_scope(category, params.get("symbol"), params.get("baseCoin"), params.get("settleCoin"))
        found: Iterable[Order]
        if category != "linear":
            found = ()
        elif order_id or link_id:
            order = log.find(order_id, link_id)
            found = (order,) if order is not None else ()
        elif params.get("openOnly", "0") == "1":
            found = log.closed_orders(CLOSED_IN_REALTIME)
        else:
            found = log.open_orders()
        return self._order_page(call, filter(self._scope(call), found), category)

    def history(self, call: Call) -> Result:
        """Final orders of the last week; the cancelled ones without a fill go after a day."""
        params, log = call.params, self._visibility.of(self._exchange.log(call.user))
        category = read_category(params)
        order_id, link_id = params.get("orderId"), params.get("orderLinkId")
        start_ms, end_ms = read_period(params, call.now_ms)
        found: Iterable[Order]
        if category != "linear":
            found = ()
        elif order_id or link_id:
            order = log.find(order_id, link_id)
            found = (order,) if order is not None and not order.is_open else ()
        else:
            found = log.closed_orders()
        status = params.get("orderStatus")
        visible = (
            order
            for order in filter(self._scope(call), found)
            if start_ms <= order.updated_ms <= end_ms
            and is_in_history(order, call.now_ms)
            and (not status or order.status == status)
        )
        return self._order_page(call, visible, category)

    def executions(self, call: Call) -> Result:
        """Fills, newest first; an id overrides the other filters."""
        params = call.params
        category = read_category(params)
        start_ms, end_ms = read_period(params, call.now_ms)
        limit = read_limit(params, default=50, highest=100)
        log = self._exchange.log(call.user)
        of_order = (params.get("orderId"), params.get("orderLinkId"))
        numbered = log.newest_fills(*of_order) if category == "linear" else ()
        wanted = _execution_filter(params, self._exchange)
        kept = (
            (number, row)
            for number, row in numbered
            if wanted(row) and start_ms <= int(row.exec_time) <= end_ms
        )
        page = page_of(
            kept, lambda item: item[0], lambda item: _rest_row(item[1]), params.get("cursor", ""), limit
        )
        return {"nextPageCursor": page.cursor, "category": category, "list": page.rows}

    def _order_page(self, call: Call, orders: Iterable[Order], category: str) -> Result:
        limit = read_limit(call.params, default=20, highest=50)
        page = page_of(
            orders, lambda order: order.number, rest_order_row, call.params.get("cursor", ""), limit
        )
        return {"list": page.rows, "nextPageCursor": page.cursor, "category": category}

    def _scope(self, call: Call) -> Callable[[Order], bool]:
        """Symbol before base coin before settle coin."""
        params = call.params
        symbol, base, settle = params.get("symbol"), params.get("baseCoin"), params.get("settleCoin")

        order_filter = params.get("orderFilter")

        def is_meant(order: Order) -> bool:
            contract = order.contract
            if not passes_filter(order, order_filter):
                return False
            if symbol:
                return contract.symbol == symbol
            if base:
                return contract.base_coin == base
            return not settle or contract.settle_coin == settle

        return is_meant


def is_in_history(order: Order, now_ms: int) -> bool:
    """Bybit's availability: orders that ended without a fill are listed for 24 hours only."""
    age_ms = now_ms - order.updated_ms
    return age_ms <= DAY_MS or order.filled_lots > 0 or order.status not in NEVER_FILLED_ENDS


def read_period(params: Mapping[str, str], now_ms: int) -> tuple[int, int]:
    """The times a call means: at most seven days, those since seven days ago when none are given."""
    start_ms, end_ms = read_ms(params, "startTime"), read_ms(params, "endTime")
    if start_ms is None and end_ms is None:
        return now_ms - WEEK_MS, ALWAYS_MS  # a clock that was set back hides nothing that happened before
    if start_ms is None:
        assert end_ms is not None
        return end_ms - WEEK_MS, end_ms
    if end_ms is None:
        return start_ms, start_ms + WEEK_MS
    if not 0 <= end_ms - start_ms <= WEEK_MS:
        raise Refused(params_error("endTime"))
    return start_ms, end_ms


def _require_scope(category: str, *scopes: str | None) -> None:
    if category == "linear" and not any(scopes):
        raise Refused(
            Refusal(10001, "Missing some parameters that must be filled in, symbol or settleCoin or baseCoin")
        )


def _acknowledged(order: Order | Refusal) -> Result | Refusal:
    return order if isinstance(order, Refusal) else OrderAckResult(order.order_id, order.link_id)


def _execution_filter(params: Mapping[str, str], exchange: Exchange) -> Callable[[ExecutionRow], bool]:
    order_id, link_id, symbol = params.get("orderId"), params.get("orderLinkId"), params.get("symbol")
    exec_type = params.get("execType")
    base, settle = params.get("baseCoin"), params.get("settleCoin")

    def is_meant(row: ExecutionRow) -> bool:
        if order_id:
            return row.order_id == order_id
        if link_id:
            return row.order_link_id == link_id
        if exec_type and row.exec_type != exec_type:
            return False
        contract = exchange.contracts[row.symbol]
        if symbol:
            return row.symbol == symbol
        return contract.base_coin == base if base else (not settle or contract.settle_coin == settle)

    return is_meant


def _rest_row(row: ExecutionRow) -> ExecutionRow:
    return msgspec.structs.replace(row, category=UNSET, exec_fee_v2="")
