"""Exact money: how values are rounded and how they are written on the wire."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

ZERO = Decimal(0)
E8 = Decimal("0.00000001")
E4 = Decimal("0.0001")


def round8(value: Decimal) -> Decimal:
    """Round to 8 decimals, half up, as Bybit rounds fees and margins."""
    return value.quantize(E8, ROUND_HALF_UP)


def text(value: Decimal) -> str:
    """Write a number as the private stream does: plain, without trailing zeros."""
    plain = str(value)
    if "E" in plain:
        plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def read(value: str) -> Decimal | None:
    """Read a finite number that a client sent; anything else gives None."""
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
