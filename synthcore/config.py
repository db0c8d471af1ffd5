"""Every setting of a run, its default, its rule, and where its value came from."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Positive = Annotated[float, Meta(gt=0)]


class SyntheticConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a synthetic run; `SyntheticConfig()` holds the documented values."""

    # The source's own (specification, section 4)
    synthetic_spread_bps: Positive = 15.0
    synthetic_funding_delta: Positive = 0.0001  # per 8 hours
    estimated_position_size: Positive = 1000.0  # USDT per leg
    max_concurrent_trades: Annotated[int, Meta(ge=1, le=50)] = 3
    symbols_to_trade: Annotated[tuple[str, ...], Meta(min_length=1)] = ("BTCUSDT", "ETHUSDT", "SOLUSDT")

    # Execution (section 5)
    order_pricing: Literal["marketable", "passive"] = "marketable"
    max_cross_bps: Positive = 5.0
    leg_timeout_ms: Annotated[int, Meta(gt=0)] = 500
    cool_down_ms: Annotated[int, Meta(ge=0)] = 250  # per symbol, between trades
    max_holding_ms: Annotated[int, Meta(gt=0)] = 1000
    take_profit_bps: Positive = 40.0  # on the synthetic mark
    stop_loss_bps: Positive = 25.0
    half_life_ms: Annotated[int, Meta(gt=0)] = 400  # of the synthetic spread's reversion
    mark_noise_bps: Annotated[float, Meta(ge=0)] = 1.0  # per square root of a second
    max_quote_age_ms: Annotated[int, Meta(gt=0)] = 2000
    recv_window_ms: Annotated[int, Meta(gt=0)] = 5000
    entry_recv_window_ms: Annotated[int, Meta(gt=0)] = 1000

    # Market data and core (section 2)
    topics: tuple[Literal["tickers", "orderbook.1", "orderbook.50"], ...] = ("tickers", "orderbook.1")
    ring_capacity: Annotated[int, Meta(ge=2)] = 4096  # a power of two
    topology: Literal["auto", "inline", "spin", "park"] = "auto"

    # Safety (sections 4 and 11); None: off
    minimum_spread_bps: Positive | None = None  # 20 in live
    max_daily_loss: Positive | None = None  # USDT; 50 in live
    enable_emergency_stop: bool = False  # true in live
    enable_all_safety_features: bool = False  # true in live

    # The run
    seed: int = 1
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    enable_debug_logging: bool = False
