"""Bybit's formulas of margins and prices, in one place: pure functions of exact numbers."""

from synthcore.exchange.digits cimport round8

from decimal import Decimal

from synthcore.exchange.fees import TAKER_FEE_RATE

LEAST_BREAK_EVEN_RATE = Decimal("0.00055")

cdef object TAKER_RATE = TAKER_FEE_RATE
cdef object LEAST_RATE = LEAST_BREAK_EVEN_RATE


cpdef object closing_fee(object side, object entry_value, object leverage, object taker_rate):
    """Estimated fee of closing at the bankruptcy price."""
    per_leverage = 1 / leverage
    factor = 1 + per_leverage if side == "Sell" else 1 - per_leverage
    return entry_value * factor * taker_rate


cpdef object initial_margin(object mark_value, object leverage, object fee):
    return round8(mark_value / leverage + fee)


cpdef object maintenance_margin(object mark_value, object ladder, object fee):
    return round8(ladder.tier(mark_value).maintenance(mark_value) + fee)


cpdef tuple standing(object position, object mark):
    """What an open position comes to at a mark, which its rows and its account's margin share.

    Its value, its unrealised result, its closing fee, its initial and its maintenance margin. The initial
    margin is by the mark under cross margin; isolated by the entry, with what was added to it.
    """
    contract, entry_value, side = position.contract, position.entry_value, position.side
    value = mark * (contract.step * position.lots)
    gain = entry_value - value if side == "Sell" else value - entry_value
    fee = closing_fee(side, entry_value, position.leverage, TAKER_RATE)
    if position.is_isolated:
        initial = initial_margin(entry_value, position.leverage, fee) + position.extra_margin
    else:
        initial = initial_margin(value, position.leverage, fee)
    return value, gain, fee, initial, maintenance_margin(value, contract.ladder, fee)


cpdef object break_even(object entry_price, object signed_qty, object realised, object taker_rate):
    """Price at which closing would undo fees, funding and realised losses."""
    rate = max(taker_rate, LEAST_RATE)
    return round8((entry_price * signed_qty - realised) / (signed_qty - abs(signed_qty) * rate))


cpdef object liquidation_price(object signed_qty, object mark, object spare, object ladder, object fee):
    """Mark at which the money behind a position is no more than its maintenance margin.

    Parameters
    ----------
    spare
        Cross: equity at the current mark, less the maintenance margin of everything else.
        Isolated: the position's own margin and its unrealised result at the current mark.
    """
    qty, sign = abs(signed_qty), 1 if signed_qty > 0 else -1
    price, tier = mark, ladder.tier(qty * mark)
    for _ in ladder.tiers:  # the margin is convex in the price: each step comes nearer, and ends in its tier
        needed = signed_qty * mark - spare + fee - tier.deduction
        price = needed / (qty * (sign - tier.maintenance_rate))
        if ladder.tier(qty * price) is tier:
            break
        tier = ladder.tier(qty * price)
    return round8(price)
