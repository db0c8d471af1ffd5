"""The core's objects written as Bybit's rows: one function per noun."""

from __future__ import annotations

from decimal import Decimal

from synthcore.exchange.account import TAKER_FEE_RATE, Account, Margin, Position
from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import E4, ZERO, round8, text
from synthcore.exchange.funding import Settlement
from synthcore.exchange.margin_rules import break_even, liquidation_price
from synthcore.exchange.orders import Order, Protection
from synthcore.venues.bybit.messages import CoinRow, ExecutionRow, OrderRow, PositionRow, WalletRow


def order_row(order: Order) -> OrderRow:
    """An order as the stream shows it."""
    contract, trigger, protection = order.contract, order.trigger, order.protection
    filled = contract.qty(order.filled_lots)
    row = OrderRow(
        category="linear",
        symbol=contract.symbol,
        order_id=order.order_id,
        order_link_id=order.link_id,
        side=order.side,
        position_idx=order.position_idx,
        order_status=order.status,
        cancel_type=order.cancel_type,
        reject_reason=order.reject_reason,
        time_in_force=order.time_in_force,
        price=contract.price_text(order.price_ticks),
        qty=contract.qty_text(order.lots),
        avg_price=text(round8(order.filled_value / filled)) if filled else "",
        leaves_qty=contract.qty_text(order.leaves_lots),
        leaves_value=text(order.leaves_value),
        cum_exec_qty=text(filled),
        cum_exec_value=text(order.filled_value),
        cum_exec_fee=text(order.fee),
        order_type=order.order_type,
        stop_order_type=order.stop_order_type,
        trigger_price=contract.price_text(trigger.price_ticks) if trigger is not None else "",
        trigger_by=trigger.by if trigger is not None else "",
        trigger_direction=trigger.direction if trigger is not None else 0,
        create_type=order.create_type,
        smp_type=order.smp_type,
        smp_order_id=order.smp_order_id,
        slippage_tolerance_type=order.slippage.kind if order.slippage is not None else "UNKNOWN",
        slippage_tolerance=text(order.slippage.amount) if order.slippage is not None else "0",
        parent_order_link_id=order.parent_link_id,
        tpsl_mode=order.tpsl_mode or (protection.mode if protection is not None else "UNKNOWN"),
        last_price_on_created=order.last_price,
        close_on_trigger=order.close_on_trigger,
        reduce_only=order.reduce_only,
        created_time=str(order.created_ms),
        updated_time=str(order.updated_ms),
        closed_pnl=text(order.closed_pnl),
        cum_fee_detail={contract.settle_coin: text(order.fee)} if order.fee else {},
    )
    if protection is not None:
        _write_protection(row, protection, contract)
    return row


def rest_order_row(order: Order) -> OrderRow:
    """An order as `realtime` and `history` list it: other spellings for what is not set."""
    row = order_row(order)
    row.category = _UNSET_ORDER.category
    is_plain = row.tpsl_mode == "UNKNOWN"
    row.extra_fees = ""
    row.avg_price = row.avg_price or "0"
    row.stop_order_type = row.stop_order_type or "UNKNOWN"
    row.trigger_by = row.trigger_by or "UNKNOWN"
    row.tp_trigger_by = row.tp_trigger_by or "UNKNOWN"
    row.sl_trigger_by = row.sl_trigger_by or "UNKNOWN"
    row.trigger_price = row.trigger_price or "0.00"
    row.take_profit, row.stop_loss = row.take_profit or "0.00", row.stop_loss or "0.00"
    row.tpsl_mode = "" if is_plain else row.tpsl_mode
    row.tp_limit_price = "" if row.tp_limit_price == "0" else row.tp_limit_price
    row.sl_limit_price = "" if row.sl_limit_price == "0" else row.sl_limit_price
    return row


def _write_protection(row: OrderRow, protection: Protection, contract: Contract) -> None:
    """What an order's position will be protected with."""
    profit, loss = protection.take_profit, protection.stop_loss
    if profit is not None:
        row.take_profit, row.tp_trigger_by = contract.price_text(profit.price_ticks), profit.by
        row.tp_limit_price = contract.price_text(profit.limit_ticks or 0)
    if loss is not None:
        row.stop_loss, row.sl_trigger_by = contract.price_text(loss.price_ticks), loss.by
        row.sl_limit_price = contract.price_text(loss.limit_ticks or 0)


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
    if position.lots == 0:
        return _empty_position_row(position, mark)
    price = mark or position.entry_price
    fee, value = position.closing_fee(), position.mark_value(price)
    initial_margin, maintenance_margin = position.margins_of(value, fee)
    initial, maintenance = text(initial_margin), text(maintenance_margin)
    tier = position.contract.ladder.tier(value)
    return PositionRow(
        position_idx=position.position_idx,
        risk_id=tier.number,
        risk_limit_value=text(tier.limit_usdt),
        symbol=position.contract.symbol,
        side=position.side or "",
        size=text(position.qty),
        entry_price=text(position.entry_price),
        leverage=text(position.leverage),
        position_value=text(position.entry_value),
        position_balance=initial if position.is_isolated else "0",
        mark_price=text(price),
        position_im=initial,
        position_mm=maintenance,
        position_im_by_mp=initial,
        position_mm_by_mp=maintenance,
        take_profit=position.take_profit,
        stop_loss=position.stop_loss,
        trailing_stop=position.trailing_stop,
        unrealised_pnl=text(round8(position.gain_at(value))),
        cum_realised_pnl=text(position.realised_ever),
        cur_realised_pnl=text(position.realised),
        created_time=str(position.created_ms),
        updated_time=str(position.updated_ms),
        liq_price=_liquidation_text(position, price, maintenance_margin, fee, margin),
        category="linear",
        adl_rank_indicator=2,
        auto_add_margin=int(position.auto_add_margin),
        seq=position.seq,
        break_even_price=text(_break_even(position)),
        open_time=position.opened_ms,
    )


def _empty_position_row(position: Position, mark: Decimal | None) -> PositionRow:
    is_leg = position.position_idx != 0
    lowest = position.contract.ladder.tiers[0]
    nothing = "" if is_leg else "0"  # an empty hedge leg shows no margins at all
    return PositionRow(
        position_idx=position.position_idx,
        risk_id=lowest.number,
        risk_limit_value=text(lowest.limit_usdt),
        symbol=position.contract.symbol,
        entry_price="0",
        leverage=text(position.leverage),
        position_value="0",
        mark_price=text(mark) if mark is not None else "",
        position_im=nothing,
        position_mm=nothing,
        position_im_by_mp=nothing,
        position_mm_by_mp=nothing,
        cum_realised_pnl=text(position.realised_ever),
        cur_realised_pnl=text(position.realised),
        created_time=str(position.created_ms),
        updated_time=str(position.updated_ms),
        liq_price="0",
        category="linear",
        auto_add_margin=int(position.auto_add_margin),
        seq=position.seq,
        break_even_price="0",
    )


def rest_position_row(position: Position, mark: Decimal | None, margin: Margin) -> PositionRow:
    """A position record as `position/list` shows it: `avgPrice` for `entryPrice`."""
    row = position_row(position, mark, margin)
    row.avg_price, row.entry_price = row.entry_price, _UNSET_POSITION.entry_price
    row.category = _UNSET_POSITION.category
    return row


_UNSET_POSITION = PositionRow(symbol="")


def _break_even(position: Position) -> Decimal:
    signed_qty = position.contract.qty(position.signed_lots)
    return break_even(position.entry_price, signed_qty, position.realised, TAKER_FEE_RATE)


def _liquidation_text(
    position: Position, mark: Decimal, maintenance: Decimal, fee: Decimal, margin: Margin
) -> str:
    """Under cross margin an estimate: all other positions stay as they are."""
    contract, signed_qty = position.contract, position.contract.qty(position.signed_lots)
    spare = margin.equity - margin.position_mm + maintenance
    if position.is_isolated:
        spare = position.own_money(mark)
    price = liquidation_price(signed_qty, mark, spare, contract.ladder, fee)
    lowest, highest = contract.price(contract.min_price_ticks), contract.price(contract.max_price_ticks)
    return text(price) if lowest <= price <= highest else ""


def wallet_row(account: Account, margin: Margin) -> WalletRow:
    """The whole account. USDT counts as one USD."""
    equity, maintenance = text(margin.equity), text(margin.position_mm)
    wallet, unrealised = text(margin.wallet), text(margin.unrealised)
    row = WalletRow(
        total_equity=equity,
        total_wallet_balance=wallet,
        total_perp_upl=unrealised,
        coin=[
            CoinRow(
                coin="USDT",
                equity=equity,
                usd_value=equity,
                wallet_balance=wallet,
                total_order_im=text(margin.order_im),
                total_position_im=text(margin.position_im),
                total_position_mm=maintenance,
                unrealised_pnl=unrealised,
                cum_realised_pnl=text(account.realised_ever),
            )
        ],
    )
    if margin.is_isolated:  # the account as a whole has no margin then
        row.account_ltv = ""
        return row
    im_rate, mm_rate = _rate(margin.initial, margin.equity), _rate(margin.position_mm, margin.equity)
    row.account_im_rate = row.account_im_rate_by_mp = im_rate
    row.account_mm_rate = row.account_mm_rate_by_mp = mm_rate
    row.total_margin_balance = equity
    row.total_available_balance = text(max(ZERO, margin.available))
    row.total_initial_margin = row.total_initial_margin_by_mp = text(margin.initial)
    row.total_maintenance_margin = row.total_maintenance_margin_by_mp = maintenance
    return row


def _rate(part: Decimal, whole: Decimal) -> str:
    return text((part / whole).quantize(E4)) if whole > 0 else "0"
