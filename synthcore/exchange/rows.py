"""The core's objects as Bybit's rows: one function per noun.

What the private stream shows is written by `written_rows`, and read from there where a row is wanted.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from synthcore.exchange.account import Account, Margin, Position
from synthcore.exchange.decimals import text
from synthcore.exchange.funding import Settlement
from synthcore.exchange.orders import Order
from synthcore.exchange.written_rows import order_json, position_json, wallet_json
from synthcore.venues.bybit.messages import ExecutionRow, OrderRow, PositionRow, WalletRow

_read_order = msgspec.json.Decoder(OrderRow).decode
_read_position = msgspec.json.Decoder(PositionRow).decode
_read_wallet = msgspec.json.Decoder(WalletRow).decode


def order_row(order: Order) -> OrderRow:
    """An order as the stream shows it."""
    return _read_order(order_json(order))


def rest_order_row(order: Order) -> OrderRow:
    """An order as `realtime` and `history` list it for a unified account."""
    row = order_row(order)
    row.category = _UNSET_ORDER.category
    row.extra_fees = ""
    row.tpsl_mode = "" if row.tpsl_mode == "UNKNOWN" else row.tpsl_mode
    return row


_UNSET_ORDER = OrderRow(symbol="", order_id="", side="", order_status="", qty="")


def execution_row(
    order: Order,
    *,
    exec_id: str,
    price_ticks: int,
    lots: int,
    value: Decimal,
    fee: Decimal,
    fee_rate: Decimal,
    is_maker: bool,
    closed_lots: int,
    pnl: Decimal,
    mark: Decimal | None,
    seq: int,
    now_ms: int,
) -> ExecutionRow:
    """One fill of an order."""
    contract = order.contract
    return ExecutionRow(
        category="linear",
        symbol=contract.symbol,
        closed_size=contract.qty_text(closed_lots),
        exec_fee=text(fee),
        exec_id=exec_id,
        exec_price=contract.price_text(price_ticks),
        exec_qty=contract.qty_text(lots),
        exec_value=text(value),
        fee_rate=text(fee_rate),
        mark_price=text(mark) if mark is not None else "",
        leaves_qty=contract.qty_text(order.leaves_lots),
        order_id=order.order_id,
        order_link_id=order.link_id,
        order_price=contract.price_text(order.price_ticks),
        order_qty=contract.qty_text(order.lots),
        order_type=order.order_type,
        stop_order_type=order.stop_order_type or "UNKNOWN",
        exec_type="BustTrade" if order.create_type == "CreateByTakeOver_PassThrough" else "Trade",
        create_type=order.create_type,
        side=order.side,
        exec_time=str(now_ms),
        is_maker=is_maker,
        seq=seq,
        exec_pnl=text(pnl),
        fee_currency=contract.settle_coin,
    )


def funding_row(
    position: Position,
    uid: str,
    exec_id: str,
    mark: Decimal,
    fee: Decimal,
    settlement: Settlement,
    seq: int,
    now_ms: int,
) -> ExecutionRow:
    """What one position paid or received at a settlement, in the words of live records."""
    symbol, side = position.contract.symbol, position.side or ""
    return ExecutionRow(
        category="linear",
        symbol=symbol,
        closed_size="0",
        exec_fee=text(fee),
        exec_id=exec_id,
        exec_price=text(mark),
        exec_qty=text(position.qty),
        exec_type="Funding",
        exec_value=text(mark * position.qty),
        fee_rate=text(settlement.rate),
        mark_price=text(mark),
        leaves_qty="0",
        order_id=f"{settlement.time_ms // 1000}-{symbol}-{uid}-{side}",
        order_price="0",
        order_qty="0",
        order_type="UNKNOWN",
        side=side,
        exec_time=str(now_ms),
        seq=seq,
        create_type="",
        fee_currency=position.contract.settle_coin,
    )


def position_row(position: Position, mark: Decimal | None, margin: Margin) -> PositionRow:
    """A position record as the stream shows it."""
    return _read_position(position_json(position, mark, margin))


def rest_position_row(position: Position, mark: Decimal | None, margin: Margin) -> PositionRow:
    """A position record as `position/list` shows it: `avgPrice` for `entryPrice`."""
    row = position_row(position, mark, margin)
    row.avg_price, row.entry_price = row.entry_price, _UNSET_POSITION.entry_price
    row.category = _UNSET_POSITION.category
    return row


_UNSET_POSITION = PositionRow(symbol="")


def wallet_row(account: Account, margin: Margin) -> WalletRow:
    """The whole account. USDT counts as one USD."""
    return _read_wallet(wallet_json(account, margin))
