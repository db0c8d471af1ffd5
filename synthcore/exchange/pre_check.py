"""What an order would do to the margin rates of its account."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from synthcore.exchange.account import Account, Marks
from synthcore.exchange.decimals import ZERO
from synthcore.exchange.fees import TAKER_FEE_RATE
from synthcore.exchange.margin_rules import closing_fee, maintenance_margin
from synthcore.exchange.orders import Order


class PreCheck(Struct, rename="camel"):
    """Result of `pre-check`: margins over equity, in ten-thousandths."""

    order_id: str
    order_link_id: str
    pre_imr_e4: int
    pre_mmr_e4: int
    post_imr_e4: int
    post_mmr_e4: int


def pre_check(account: Account, order: Order, marks: Marks) -> PreCheck:
    """The rates now, and those with an order that the exchange would take; it counts as if it were filled."""
    margin = account.margin(marks)
    initial = margin.initial + account.claims.asked_by(order, order.lots)[1]
    maintenance = margin.position_mm + maintenance_of(account, order)
    return PreCheck(
        order_id=order.order_id,
        order_link_id=order.link_id,
        pre_imr_e4=rate_e4(margin.initial, margin.equity),
        pre_mmr_e4=rate_e4(margin.position_mm, margin.equity),
        post_imr_e4=rate_e4(initial, margin.equity),
        post_mmr_e4=rate_e4(maintenance, margin.equity),
    )


def maintenance_of(account: Account, order: Order) -> Decimal:
    """The maintenance margin of what an order could open."""
    opened = account.claims.asked_by(order, order.lots)[0] - account.claims.asked_by(order, 0)[0]
    if opened <= 0:
        return ZERO
    leverage = account.leverage(order.contract.symbol, order.position_idx)
    fee = closing_fee(order.side, opened, leverage, TAKER_FEE_RATE)
    return maintenance_margin(opened, order.contract.ladder, fee)


def rate_e4(amount: Decimal, equity: Decimal) -> int:
    """A share of the equity in ten-thousandths, half up; without equity nothing is left of anything."""
    return int((amount / equity * 10_000).quantize(Decimal(1), ROUND_HALF_UP)) if equity > 0 else 0
