"""What a fill costs, as a part of its value."""

from __future__ import annotations

from decimal import Decimal

MAKER_FEE_RATE = Decimal("0.0002")
TAKER_FEE_RATE = Decimal("0.00055")
