"""The qualification once more, in rational arithmetic: each operation exact, then rounded to a double.

Nothing here is shared with the product: the numbers and formulas are those of the specification.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

FEES_BPS = {
    "binance": 4.0,
    "okx": 5.0,
    "bybit": 5.5,
    "bybit_synthetic": 5.5,
    "bitget": 6.0,
    "kucoin": 6.0,
    "hyperliquid": 3.5,
    "paradex": 5.0,
    "gateio": 6.0,
}


def fee_bps(exchange: str) -> float:
    return FEES_BPS.get(exchange.lower(), 6.0)


# ── IEEE double operations ────────────────────────────────────────────────────────────────────────────────


def rounded(exact: Fraction, zero: float) -> float:
    """Round to the nearest double, ties to even; an exact zero has the sign of `zero`."""
    if exact == 0:
        return zero
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def add(x: float, y: float) -> float:
    if not (math.isfinite(x) and math.isfinite(y)):
        return x + y
    return rounded(Fraction(x) + Fraction(y), zero=x if x == y == 0 and same_sign(x, y) else 0.0)


def sub(x: float, y: float) -> float:
    return add(x, -y)


def mul(x: float, y: float) -> float:
    if not (math.isfinite(x) and math.isfinite(y)):
        return x * y
    return rounded(Fraction(x) * Fraction(y), zero=0.0 if same_sign(x, y) else -0.0)


def div(x: float, y: float) -> float:
    if math.isnan(x) or math.isnan(y):
        return math.nan
    sign = 1.0 if same_sign(x, y) else -1.0
    if y == 0.0:
        return math.nan if x == 0.0 else sign * math.inf
    if math.isinf(x):
        return math.nan if math.isinf(y) else sign * math.inf
    if math.isinf(y):
        return sign * 0.0
    return rounded(Fraction(x) / Fraction(y), zero=sign * 0.0)


def same_sign(x: float, y: float) -> bool:
    return math.copysign(1.0, x) == math.copysign(1.0, y)


def smaller(x: float, cap: float) -> float:
    return cap if math.isnan(x) or x >= cap else x


def u8(x: float) -> int:
    if math.isnan(x) or x <= 0:
        return 0
    return 255 if x >= 255 else math.trunc(x)


# ── the specification, section 3 ──────────────────────────────────────────────────────────────────────────


@dataclass
class Expected:
    depth: float
    confidence: int
    total_fees_bps: float
    slippage_bps: float
    projected_profit_bps: float
    failures: list[str]

    @property
    def reason(self) -> str:
        return self.failures[0] if self.failures else "qualified"


def estimated_depth(spread_bps: float) -> float:
    if spread_bps > 200:
        return 5000.0
    return 10000.0 if spread_bps > 100 else 50000.0


def confidence_score(spread_bps: float, funding_delta: float, boosts: tuple[int, int, int]) -> int:
    spread_part = mul(mul(smaller(div(spread_bps, 50.0), 1.0), 100.0), 0.5)
    funding_part = mul(mul(smaller(div(abs(funding_delta), 0.01), 1.0), 100.0), 0.3)
    score = u8(add(spread_part, funding_part))
    for boost in boosts:
        score = max(0, min(100, score + boost))
    return score


def expected(
    spread_bps: float,
    funding_delta: float,
    position_size: float,
    depth: float | None = None,
    boosts: tuple[int, int, int] = (0, 0, 0),
    long_exchange: str = "bybit",
    short_exchange: str = "bybit_synthetic",
) -> Expected:
    depth = estimated_depth(spread_bps) if depth is None else depth
    fees = add(fee_bps(long_exchange), fee_bps(short_exchange))
    slippage = smaller(add(2.0, mul(div(position_size, depth), 3.0)), 5.0)
    profit = sub(sub(sub(spread_bps, fees), 10.0), slippage)
    confidence = confidence_score(spread_bps, funding_delta, boosts)
    checks = {
        "funding_delta": abs(funding_delta) > 0.0001,
        "depth": depth >= mul(2.0, position_size),
        "confidence": confidence >= 70,
        "profit": profit > 0,
    }
    failures = [name for name, passes in checks.items() if not passes]
    return Expected(depth, confidence, fees, slippage, profit, failures)
