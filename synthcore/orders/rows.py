"""Bybit's rows as our nouns: orders, fills, positions, instruments."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from synthcore.model import Fill, Instrument, OrderState, Position, Side
from synthcore.venues.bybit.messages import ExecutionRow, InstrumentRow, OrderRow, PositionRow, number

ZERO = Decimal(0)
FAR = Decimal("Infinity")  # a limit that the venue does not name


def order_state(row: OrderRow, recv_ns: int) -> OrderState:
    avg_price = number(row.avg_price)
    return OrderState(
        symbol=row.symbol,
        order_id=row.order_id,
        link_id=row.order_link_id,
        side=cast(Side, row.side),
        status=row.order_status,
        qty=Decimal(row.qty),
        filled_qty=number(row.cum_exec_qty) or ZERO,
        avg_price=avg_price or None,  # "0" before the first fill, by REST
        reduce_only=row.reduce_only,
        position_idx=row.position_idx,
        reject_reason=row.reject_reason,
        cancel_type=row.cancel_type,
        updated_ms=int(row.updated_time or 0),
        recv_ns=recv_ns,
    )


def fill(row: ExecutionRow, recv_ns: int) -> Fill:
    return Fill(
        symbol=row.symbol,
        exec_id=row.exec_id,
        order_id=row.order_id,
        link_id=row.order_link_id,
        side=cast(Side, row.side),
        price=Decimal(row.exec_price),
        qty=Decimal(row.exec_qty),
        fee=number(row.exec_fee) or ZERO,
        is_maker=row.is_maker,
        closed_qty=number(row.closed_size) or ZERO,
        exec_ms=int(row.exec_time or 0),
        recv_ns=recv_ns,
    )


def position(row: PositionRow, recv_ns: int) -> Position:
    return Position(
        symbol=row.symbol,
        position_idx=row.position_idx,
        side="" if row.side == "None" else row.side,
        size=number(row.size) or ZERO,
        entry_price=row.entry() or ZERO,
        recv_ns=recv_ns,
    )


def instrument(row: InstrumentRow) -> Instrument:
    lot = row.lot_size_filter
    max_qty = number(lot.max_order_qty) or FAR
    return Instrument(
        symbol=row.symbol,
        tick_size=Decimal(row.price_filter.tick_size),
        qty_step=Decimal(lot.qty_step),
        min_qty=Decimal(lot.min_order_qty),
        max_qty=max_qty,
        max_market_qty=number(lot.max_mkt_order_qty) or max_qty,
        min_notional=number(lot.min_notional_value) or ZERO,
        base_coin=row.base_coin,
        quote_coin=row.quote_coin,
    )
