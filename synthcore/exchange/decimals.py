"""Exact money: how values are rounded and how they are written on the wire."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from synthcore.exchange.digits import text as text

ZERO = Decimal(0)
E8 = Decimal("0.00000001")
E4 = Decimal("0.0001")

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{0,12})?")
_COUNT = re.compile(r"[0-9]{1,18}")


def round8(value: Decimal) -> Decimal:
    """Round to 8 decimals, half up, as Bybit rounds fees and margins."""
    return value.quantize(E8, ROUND_HALF_UP)


def read(value: str) -> Decimal | None:
    """Read a number that a client sent: plain digits, of a length that arithmetic can bear; else None."""
    return Decimal(value) if _NUMBER.fullmatch(value) else None


def read_count(value: str) -> int | None:
    """Read a whole number of at most 18 plain digits that a client sent; anything else gives None."""
    return int(value) if _COUNT.fullmatch(value) else None
