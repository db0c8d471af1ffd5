"""What a position is to be protected with: take-profit, stop-loss, trailing stop; read and checked."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Protocol

from msgspec import Struct

from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import read
from synthcore.exchange.orders import Protection, Stop
from synthcore.exchange.refusal import Refusal, Refused, params_error
from synthcore.exchange.triggers import FALLS, RISES, Prices, read_trigger_by, scaled
from synthcore.model import Side

StopKind = Literal["TakeProfit", "StopLoss", "TrailingStop"]

FULL, PARTIAL = "Full", "Partial"
MODES = frozenset({FULL, PARTIAL})
NOT_GIVEN = frozenset({None, ""})

NOT_MODIFIED = Refusal(34040, "not modified")
NO_POSITION = Refusal(10001, "can not set tp/sl/ts for zero position")
TOO_MANY_PARTIAL = Refusal(110061, "You can't have more than 20 partial take-profit/stop-loss orders")


class ProtectionFields(Protocol):
    """The fields that orders, amendments and `trading-stop` have in common."""

    take_profit: str | None
    stop_loss: str | None
    tp_trigger_by: str | None
    sl_trigger_by: str | None
    tp_limit_price: str | None
    sl_limit_price: str | None


class OrderTypes(Struct, frozen=True):
    """Whether the order that comes of each stop is `Limit`; None where it is not said."""

    take_profit: str | None = None
    stop_loss: str | None = None


def read_mode(text: str | None, default: str) -> str:
    mode = text or default
    if mode not in MODES:
        raise Refused(params_error("tpslMode"))
    return mode


def read_stop(
    kind: StopKind, fields: ProtectionFields, order_type: str | None, mode: str, contract: Contract
) -> Stop | None:
    """One side of a protection; None where it is not asked for, or to be removed."""
    is_profit = kind == "TakeProfit"
    price = fields.take_profit if is_profit else fields.stop_loss
    if not asks_for(price):
        return None
    prefix = "tp" if is_profit else "sl"
    if (order_type or "Market") not in ("Market", "Limit"):
        raise Refused(params_error(f"{prefix}OrderType"))
    limit_ticks = None
    if order_type == "Limit":
        if mode == FULL:  # the whole position closes at the market only
            raise Refused(params_error(f"{prefix}OrderType"))
        limit = fields.tp_limit_price if is_profit else fields.sl_limit_price
        limit_ticks = read_ticks(limit, contract, f"{prefix}LimitPrice")
    by = fields.tp_trigger_by if is_profit else fields.sl_trigger_by
    return Stop(
        read_ticks(price, contract, "takeProfit" if is_profit else "stopLoss"),
        read_trigger_by(by, f"{prefix}TriggerBy"),
        limit_ticks,
    )


def asks_for(price: str | None) -> bool:
    """Whether a stop is to be set: nothing given leaves it, 0 removes it."""
    return price not in NOT_GIVEN and read(price or "") != 0


def removes(price: str | None) -> bool:
    return price not in NOT_GIVEN and read(price or "") == 0


def read_ticks(text: str | None, contract: Contract, field: str) -> int:
    price = read(text or "")
    ticks = contract.ticks(price) if price is not None and price > 0 else None
    if ticks is None or not contract.min_price_ticks <= ticks <= contract.max_price_ticks:
        raise Refused(params_error(field))
    return ticks


def read_protection(
    fields: ProtectionFields, types: OrderTypes, mode_text: str | None, contract: Contract
) -> Protection | None:
    """What an order's position is to be protected with, once it fills."""
    if not asks_for(fields.take_profit) and not asks_for(fields.stop_loss):
        return None
    mode = read_mode(mode_text, FULL)
    return Protection(
        mode,
        read_stop("TakeProfit", fields, types.take_profit, mode, contract),
        read_stop("StopLoss", fields, types.stop_loss, mode, contract),
    )


def check_protection(protection: Protection, side: Side, base: Decimal, contract: Contract) -> None:
    """Both sides of an order's protection against the price at which it would open."""
    if protection.take_profit is not None:
        check_side("TakeProfit", protection.take_profit, side, base, contract)
    if protection.stop_loss is not None:
        check_side("StopLoss", protection.stop_loss, side, base, contract)


def check_against_market(kind: StopKind, stop: Stop, side: Side, prices: Prices, contract: Contract) -> None:
    base = prices.of(stop.by)
    if base is not None:
        check_side(kind, stop, side, base, contract)


def check_side(kind: StopKind, stop: Stop, side: Side, base: Decimal, contract: Contract) -> None:
    """A take-profit lies where the position gains, a stop-loss where it loses."""
    price = contract.price(stop.price_ticks)
    is_above = direction_of(kind, side) == RISES
    if (price > base) if is_above else (price < base):
        return
    words = WRONG_SIDE[kind, is_above]
    said = f"{kind}:{scaled(contract, price)} set for {side} position should {words}"
    raise Refused(Refusal(10001, f"{said} base_price:{scaled(contract, base)}??{stop.by}"))


WRONG_SIDE = {
    ("TakeProfit", True): "be higher than",
    ("TakeProfit", False): "be lower than",
    ("StopLoss", True): "greater",
    ("StopLoss", False): "lower than",
}


def direction_of(kind: StopKind, side: Side) -> int:
    """Where the price has to go for the stop of a position of `side`."""
    gains_above = side == "Buy"
    return RISES if (kind == "TakeProfit") == gains_above else FALLS
