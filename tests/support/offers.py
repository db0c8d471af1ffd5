"""An opportunity of this moment, good enough for every check."""

from __future__ import annotations

import time

from synthcore.model import ArbitrageOpportunity


def offered(
    symbol: str, bid: float, ask: float, *, long_price: float | None = None, short_price: float | None = None
) -> ArbitrageOpportunity:
    """At this book; the synthetic prices, 50 bps apart, may be others."""
    mid, now_ns = (bid + ask) / 2, time.monotonic_ns()
    return ArbitrageOpportunity(
        symbol=symbol,
        long_price=mid * 0.9975 if long_price is None else long_price,
        short_price=mid * 1.0025 if short_price is None else short_price,
        spread_bps=50.0,
        funding_delta_8h=0.0075,
        order_book_depth_long=50_000.0,
        order_book_depth_short=50_000.0,
        confidence_score=72,
        projected_profit_after_slippage=26.94,
        timestamp=int(time.time()),
        timestamp_ns=time.time_ns(),
        bid=bid,
        ask=ask,
        recv_ns=now_ns,
        decided_ns=now_ns,
    )
