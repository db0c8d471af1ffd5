"""The core's objects written as the rows of the private stream, straight to JSON: one function per noun."""

from synthcore.exchange.digits cimport GridTexts, round8, text
from synthcore.exchange.margin_rules cimport break_even, liquidation_price, standing
from synthcore.exchange.row_writer cimport RowWriter

from synthcore.exchange.decimals import E4, ZERO
from synthcore.exchange.fees import TAKER_FEE_RATE
from synthcore.venues.bybit.messages import CoinRow, OrderRow, PositionRow, WalletRow

cdef object TAKER_RATE = TAKER_FEE_RATE
cdef object NOTHING = ZERO
cdef object HUNDREDTH_PERCENT = E4

cdef RowWriter ORDER = RowWriter(
    OrderRow,
    (
        "symbol",
        "order_id",
        "order_link_id",
        "side",
        "position_idx",
        "order_status",
        "cancel_type",
        "reject_reason",
        "time_in_force",
        "price",
        "qty",
        "avg_price",
        "leaves_qty",
        "leaves_value",
        "cum_exec_qty",
        "cum_exec_value",
        "cum_exec_fee",
        "order_type",
        "stop_order_type",
        "trigger_price",
        "take_profit",
        "stop_loss",
        "trigger_by",
        "tp_trigger_by",
        "sl_trigger_by",
        "trigger_direction",
        "last_price_on_created",
        "close_on_trigger",
        "reduce_only",
        "smp_type",
        "smp_order_id",
        "sl_limit_price",
        "tp_limit_price",
        "tpsl_mode",
        "create_type",
        "created_time",
        "updated_time",
        "closed_pnl",
        "parent_order_link_id",
        "slippage_tolerance",
        "slippage_tolerance_type",
        "cum_fee_detail",
    ),
    category="linear",
)


cpdef bytes order_json(object order):
    """An order as the stream shows it."""
    return ORDER.write(order_values(order))


cdef int append_order(object order) except -1:
    """Add an order to what is being written."""
    return ORDER.append(order_values(order))


cdef tuple order_values(object order):
    contract, trigger, protection, slippage = order.contract, order.trigger, order.protection, order.slippage
    cdef GridTexts prices = contract.price_texts, lots = contract.qty_texts
    filled_lots, filled_value, fee = order.filled_lots, order.filled_value, order.fee
    leaves_lots = order.leaves_lots
    fee_text = text(fee) if fee else "0"
    profit = loss = None
    if protection is not None:
        profit, loss = protection.take_profit, protection.stop_loss
    return (
        contract.symbol,
        order.order_id,
        order.link_id,
        order.side,
        order.position_idx,
        order.status,
        order.cancel_type,
        order.reject_reason,
        order.time_in_force,
        prices.of(order.price_ticks),
        lots.of(order.lots),
        text(round8(filled_value / (contract.step * filled_lots))) if filled_lots else "",
        lots.of(leaves_lots),
        text(contract.lot_value * (order.price_ticks * leaves_lots)) if leaves_lots else "0",
        lots.of(filled_lots),
        text(filled_value) if filled_lots else "0",
        fee_text,
        order.order_type,
        order.stop_order_type,
        prices.of(trigger.price_ticks) if trigger is not None else "",
        prices.of(profit.price_ticks) if profit is not None else "",
        prices.of(loss.price_ticks) if loss is not None else "",
        trigger.by if trigger is not None else "",
        profit.by if profit is not None else "",
        loss.by if loss is not None else "",
        trigger.direction if trigger is not None else 0,
        order.last_price,
        order.close_on_trigger,
        order.reduce_only,
        order.smp_type,
        order.smp_order_id,
        prices.of(loss.limit_ticks or 0) if loss is not None else "0",
        prices.of(profit.limit_ticks or 0) if profit is not None else "0",
        order.tpsl_mode or (protection.mode if protection is not None else "UNKNOWN"),
        order.create_type,
        order.created_ms,
        order.updated_ms,
        text(order.closed_pnl),
        order.parent_link_id,
        text(slippage.amount) if slippage is not None else "0",
        slippage.kind if slippage is not None else "UNKNOWN",
        b'{"%b":"%b"}' % ((<str>contract.settle_coin).encode(), fee_text.encode()) if fee else b"{}",
    )


cdef tuple POSITION_NAMES = (
    "position_idx",
    "risk_id",
    "risk_limit_value",
    "symbol",
    "side",
    "size",
    "entry_price",
    "leverage",
    "position_value",
    "position_balance",
    "mark_price",
    "position_im",
    "position_mm",
    "position_im_by_mp",
    "position_mm_by_mp",
    "take_profit",
    "stop_loss",
    "trailing_stop",
    "unrealised_pnl",
    "cum_realised_pnl",
    "cur_realised_pnl",
    "created_time",
    "updated_time",
    "liq_price",
    "adl_rank_indicator",
    "auto_add_margin",
    "seq",
    "break_even_price",
    "open_time",
)
cdef RowWriter POSITION = RowWriter(PositionRow, POSITION_NAMES, category="linear")


cpdef bytes position_json(object position, object mark, object margin):
    """A position record as the stream shows it."""
    return POSITION.write(position_values(position, mark, margin))


cdef int append_position(object position, object mark, object margin) except -1:
    """Add a position record to what is being written."""
    return POSITION.append(position_values(position, mark, margin))


cdef tuple position_values(object position, object mark, object margin):
    contract, side, entry_value = position.contract, position.side, position.entry_value
    if position.lots == 0:
        return empty_position_values(position, contract, mark)
    cdef GridTexts lots = contract.qty_texts
    qty = contract.step * position.lots
    signed_qty = -qty if side == "Sell" else qty
    entry_price = round8(entry_value / qty)
    price = mark or entry_price
    value, gain, fee, initial, maintenance = standing(position, price)
    spare = initial + gain if position.is_isolated else margin.equity - margin.position_mm + maintenance
    liquidation = liquidation_price(signed_qty, price, spare, contract.ladder, fee)
    tick = contract.tick
    is_near = tick * contract.min_price_ticks <= liquidation <= tick * contract.max_price_ticks
    tier = contract.ladder.tier(value)
    initial_text, maintenance_text = text(initial), text(maintenance)
    return (
        position.position_idx,
        tier.number,
        text(tier.limit_usdt),
        contract.symbol,
        side,
        lots.of(position.lots),
        text(entry_price),
        text(position.leverage),
        text(entry_value),
        initial_text if position.is_isolated else "0",
        text(price),
        initial_text,
        maintenance_text,
        initial_text,
        maintenance_text,
        position.take_profit,
        position.stop_loss,
        position.trailing_stop,
        text(round8(gain)),
        text(position.realised_ever),
        text(position.realised),
        position.created_ms,
        position.updated_ms,
        text(liquidation) if is_near else "",
        2,
        1 if position.auto_add_margin else 0,
        position.seq,
        text(break_even(entry_price, signed_qty, position.realised, TAKER_RATE)),
        position.opened_ms,
    )


cdef tuple empty_position_values(object position, object contract, object mark):
    lowest = contract.ladder.tiers[0]
    nothing = "" if position.position_idx else "0"    # an empty hedge leg shows no margins at all
    return (
        position.position_idx,
        lowest.number,
        text(lowest.limit_usdt),
        contract.symbol,
        "",
        "0",
        "0",
        text(position.leverage),
        "0",
        "0",
        text(mark) if mark is not None else "",
        nothing,
        nothing,
        nothing,
        nothing,
        "0",
        "0",
        "0",
        "0",
        text(position.realised_ever),
        text(position.realised),
        position.created_ms,
        position.updated_ms,
        "0",
        0,
        1 if position.auto_add_margin else 0,
        position.seq,
        "0",
        0,
    )


cdef RowWriter WALLET = RowWriter(
    WalletRow,
    (
        "account_im_rate",
        "account_mm_rate",
        "account_im_rate_by_mp",
        "account_mm_rate_by_mp",
        "total_equity",
        "total_wallet_balance",
        "total_margin_balance",
        "total_available_balance",
        "total_perp_upl",
        "total_initial_margin",
        "total_maintenance_margin",
        "total_initial_margin_by_mp",
        "total_maintenance_margin_by_mp",
        "coin",
        "account_ltv",
    ),
)
cdef RowWriter COIN = RowWriter(
    CoinRow,
    (
        "equity",
        "usd_value",
        "wallet_balance",
        "total_order_im",
        "total_position_im",
        "total_position_mm",
        "unrealised_pnl",
        "cum_realised_pnl",
    ),
    coin="USDT",
)


cpdef bytes wallet_json(object account, object margin):
    """The whole account. USDT counts as one USD."""
    return WALLET.write(wallet_values(account, margin))


cdef int append_wallet(tuple values) except -1:
    """Add an account to what is being written."""
    return WALLET.append(values)


cdef tuple wallet_values(object account, object margin):
    """It writes on its own: nothing else may be half written then."""
    cdef bint is_isolated = margin.is_isolated    # the account as a whole has no margin then
    wallet, unrealised, position_mm = margin.wallet, margin.unrealised, margin.position_mm
    equity, initial = wallet + unrealised, margin.position_im + margin.order_im
    equity_text, wallet_text, unrealised_text = text(equity), text(wallet), text(unrealised)
    maintenance_text = text(position_mm)
    coin = COIN.write(
        (
            equity_text,
            equity_text,
            wallet_text,
            text(margin.order_im),
            text(margin.position_im),
            maintenance_text,
            unrealised_text,
            text(account.realised_ever),
        )
    )
    im_rate = "" if is_isolated else rate(initial, equity)
    mm_rate = "" if is_isolated else rate(position_mm, equity)
    initial_text = "" if is_isolated else text(initial)
    available = "" if is_isolated else text(max(NOTHING, equity - initial))
    return (
        im_rate,
        mm_rate,
        im_rate,
        mm_rate,
        equity_text,
        wallet_text,
        "" if is_isolated else equity_text,
        available,
        unrealised_text,
        initial_text,
        "" if is_isolated else maintenance_text,
        initial_text,
        "" if is_isolated else maintenance_text,
        b"[%b]" % coin,
        "" if is_isolated else "0",
    )


cdef str rate(object part, object whole):
    return text((part / whole).quantize(HUNDREDTH_PERCENT)) if whole > 0 else "0"
