"""Many orders in one request: each is read, judged and answered on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from synthcore.exchange.batch import Event
from synthcore.exchange.endpoint import Extended, read_body, read_struct
from synthcore.exchange.limits import TOO_MANY_VISITS
from synthcore.exchange.orders import Order
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.refusal import Refusal, Refused, params_error

MAX_BATCH_ORDERS = 20  # of the order pages; the rate-limit page says 10

Body = TypeVar("Body", bound=Struct)
Outcome = tuple[Order | Refusal, Iterable[Event]]


class BatchRequest(Struct):
    """Body of the three batch calls: orders without their category."""

    category: str
    request: list[dict[str, Any]]


def count_orders(body: bytes) -> int:
    """How many orders a body asks for: what it costs of its rate limit. A body that can't be read costs 1."""
    try:
        return max(1, len(msgspec.json.decode(body, type=BatchRequest).request))
    except msgspec.DecodeError:
        return 1


def read_batch(body: bytes) -> BatchRequest:
    batch = read_body(body, BatchRequest)
    if not 1 <= len(batch.request) <= MAX_BATCH_ORDERS:
        raise Refused(params_error("request"))
    return batch


def run_batch(
    batch: BatchRequest,
    kind: type[Body],
    act: Callable[[Body], Outcome],
    outbox: Outbox,
    granted: int | None,
    to_row: Callable[[str, dict[str, Any], Order | Refusal], dict[str, str]],
) -> Extended:
    """Do one act per order, in turn; what the rate limit does not grant is refused, the rest goes on."""
    outcomes: list[Order | Refusal] = []
    for number, fields in enumerate(batch.request):
        if granted is not None and number >= granted:
            outcomes.append(TOO_MANY_VISITS)
            continue
        order, events = _one(fields, batch.category, kind, act)
        outbox.put(events)
        outcomes.append(order)
    rows = [
        to_row(batch.category, fields, outcome)
        for fields, outcome in zip(batch.request, outcomes, strict=True)
    ]
    return Extended({"list": rows}, {"list": _codes(outcomes)})


def _one(fields: dict[str, Any], category: str, kind: type[Body], act: Callable[[Body], Outcome]) -> Outcome:
    try:
        return act(read_struct({**fields, "category": category}, kind))
    except Refused as refused:
        return refused.refusal, ()


def _codes(outcomes: Sequence[Order | Refusal]) -> list[dict[str, object]]:
    return [
        {"code": outcome.code, "msg": outcome.message}
        if isinstance(outcome, Refusal)
        else {"code": 0, "msg": "OK"}
        for outcome in outcomes
    ]


def acknowledged_row(category: str, fields: dict[str, Any], outcome: Order | Refusal) -> dict[str, str]:
    """One order's line: of a refused one, what the request said of it."""
    symbol, order_id, link_id = fields.get("symbol"), "", fields.get("orderLinkId")
    if isinstance(outcome, Order):
        order_id, link_id = outcome.order_id, outcome.link_id
    return {
        "category": category,
        "symbol": str(symbol or ""),
        "orderId": order_id,
        "orderLinkId": str(link_id or ""),
    }


def created_row(category: str, fields: dict[str, Any], outcome: Order | Refusal) -> dict[str, str]:
    created = str(outcome.created_ms) if isinstance(outcome, Order) else ""
    return {**acknowledged_row(category, fields, outcome), "createAt": created}
