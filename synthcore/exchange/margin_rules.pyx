"""Bybit's formulas of margins and prices, in one place: pure functions of exact numbers."""

from synthcore.exchange.digits cimport round8

from decimal import Decimal

from synthcore.exchange.decimals import ZERO
from synthcore.exchange.fees import TAKER_FEE_RATE

LEAST_BREAK_EVEN_RATE = Decimal("0.00055")

cdef object NOTHING = ZERO
cdef object TAKER_RATE = TAKER_FEE_RATE
cdef object LEAST_RATE = LEAST_BREAK_EVEN_RATE

cdef enum:
    FACTS = 8    # of a position, and the mark
cdef tuple last_facts = (None,) * FACTS
cdef tuple last_standing


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

    The last one is kept: an account's margin and its position's row ask for the same, one after the other.
    """
    global last_facts, last_standing
    cdef tuple facts = (
        position.contract,
        position.side,
        position.lots,
        position.entry_value,
        position.leverage,
        position.is_isolated,
        position.extra_margin,
        mark,
    )
    if not are_same(facts, last_facts):
        last_facts, last_standing = facts, worked_out(position, mark)
    return last_standing


cdef bint are_same(tuple facts, tuple others) noexcept:
    """Whether these are the very same objects; they never change."""
    cdef Py_ssize_t i
    for i in range(FACTS):
        if facts[i] is not others[i]:
            return False
    return True


cdef tuple worked_out(object position, object mark):
    contract, entry_value, side = position.contract, position.entry_value, position.side
    value = mark * (contract.step * position.lots)
    gain = entry_value - value if side == "Sell" else value - entry_value
    fee = closing_fee(side, entry_value, position.leverage, TAKER_RATE)
    if position.is_isolated:
        initial = initial_margin(entry_value, position.leverage, fee) + position.extra_margin
    else:
        initial = initial_margin(value, position.leverage, fee)
    return value, gain, fee, initial, maintenance_margin(value, contract.ladder, fee)


cpdef tuple standings(dict positions, object marks):
    """What all positions come to: the sums of their results, initial and maintenance margins.

    One without a mark counts at its entry.
    """
    unrealised, initial, maintenance = NOTHING, NOTHING, NOTHING
    for position in positions.values():
        if position.lots:
            mark = marks(position.contract.symbol) or position.entry_price
            _, gain, _, own_initial, own_maintenance = standing(position, mark)
            unrealised, initial = unrealised + gain, initial + own_initial
            maintenance = maintenance + own_maintenance
    return unrealised, initial, maintenance


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
