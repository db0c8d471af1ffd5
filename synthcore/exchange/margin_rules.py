"""Bybit's formulas of margins and prices, in one place: pure functions of exact numbers."""

from __future__ import annotations

from decimal import Decimal

from synthcore.exchange.decimals import round8
from synthcore.exchange.risk_tiers import RiskLadder
from synthcore.model import Side

LEAST_BREAK_EVEN_RATE = Decimal("0.00055")


def closing_fee(side: Side | None, entry_value: Decimal, leverage: Decimal, taker_rate: Decimal) -> Decimal:
    """Estimated fee of closing at the bankruptcy price."""
    per_leverage = 1 / leverage
    factor = 1 + per_leverage if side == "Sell" else 1 - per_leverage
    return entry_value * factor * taker_rate


def initial_margin(mark_value: Decimal, leverage: Decimal, fee: Decimal) -> Decimal:
    return round8(mark_value / leverage + fee)


def maintenance_margin(mark_value: Decimal, ladder: RiskLadder, fee: Decimal) -> Decimal:
    return round8(ladder.tier(mark_value).maintenance(mark_value) + fee)


def break_even(entry_price: Decimal, signed_qty: Decimal, realised: Decimal, taker_rate: Decimal) -> Decimal:
    """Price at which closing would undo fees, funding and realised losses."""
    rate = max(taker_rate, LEAST_BREAK_EVEN_RATE)
    return round8((entry_price * signed_qty - realised) / (signed_qty - abs(signed_qty) * rate))


def liquidation_price(
    signed_qty: Decimal, mark: Decimal, spare: Decimal, ladder: RiskLadder, fee: Decimal
) -> Decimal:
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
