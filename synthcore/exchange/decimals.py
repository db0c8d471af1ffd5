"""Exact money: how values are rounded and how they are written on the wire."""

from __future__ import annotations

from decimal import Decimal

from synthcore.exchange.digits import read as read
from synthcore.exchange.digits import read_count as read_count
from synthcore.exchange.digits import round8 as round8
from synthcore.exchange.digits import text as text

ZERO = Decimal(0)
E8 = Decimal("0.00000001")
E4 = Decimal("0.0001")
