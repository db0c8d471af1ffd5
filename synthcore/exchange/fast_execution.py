"""The `execution.fast` topic: a fill in few words."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from synthcore.venues.bybit.messages import ExecutionMessage, ExecutionRow


class FastRow(Struct, rename="camel"):
    """One fill, without what can be looked up elsewhere."""

    category: str | UnsetType
    symbol: str
    exec_id: str
    exec_price: str
    exec_qty: str
    order_id: str
    is_maker: bool
    order_link_id: str
    side: str
    exec_time: str
    seq: int


class FastMessage(Struct, rename="camel"):
    """A frame of the topic; it has no id."""

    topic: str
    creation_time: int
    data: list[FastRow]


def fast_message(message: ExecutionMessage, topic: str) -> FastMessage:
    """The trades of a message: the topic tells of no funding and of no takeover."""
    trades = [fast_row(row) for row in message.data if row.exec_type == "Trade"]
    return FastMessage(topic, message.creation_time, trades)


def fast_row(row: ExecutionRow) -> FastRow:
    return FastRow(
        row.category if row.category is not UNSET else "linear",
        row.symbol,
        row.exec_id,
        row.exec_price,
        row.exec_qty,
        row.order_id,
        row.is_maker,
        "" if row.is_maker else row.order_link_id,  # as on Bybit: a maker's fill has no link id
        row.side,
        row.exec_time,
        row.seq,
    )
