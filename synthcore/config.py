"""Every setting of a run, its default, its rule, and where its value came from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

from synthcore.errors import ConfigError
from synthcore.settings import origin
from synthcore.settings.catalog import CONFIG

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
    order_entry: Literal["auto", "socket", "rest"] = "auto"
    max_cross_bps: Positive = 5.0
    leg_timeout_ms: Annotated[int, Meta(gt=0)] = 500
    cool_down_ms: Annotated[int, Meta(ge=0)] = 250  # per symbol, between trades
    max_holding_ms: Annotated[int, Meta(gt=0)] = 1000
    take_profit_bps: Positive = 40.0  # on the synthetic mark
    stop_loss_bps: Positive = 25.0
    half_life_ms: Annotated[int, Meta(gt=0)] = 100  # of the synthetic spread; 40 of 50 bps in 0.23 s
    mark_noise_bps: Annotated[float, Meta(ge=0)] = 1.0  # per square root of a second
    max_quote_age_ms: Annotated[int, Meta(gt=0)] = 2000
    recv_window_ms: Annotated[int, Meta(gt=0)] = 5000
    entry_recv_window_ms: Annotated[int, Meta(gt=0)] = 1000

    # Market data and core (section 2)
    topics: tuple[Literal["tickers", "orderbook.1", "orderbook.50"], ...] = ("tickers", "orderbook.1")
    ring_capacity: Annotated[int, Meta(ge=2)] = 4096  # a power of two
    topology: Literal["auto", "inline", "spin", "park"] = "auto"
    kernel: str | None = None  # module:name; None: the production rules decide
    fast_lane: Literal["auto", "on", "off"] = "off"  # first sends from the thread that decided
    realtime: bool = True  # the threads that trade run as soon as they are woken (SCHED_FIFO)

    hold_idle_states: bool = True  # /dev/cpu_dma_latency at 0
    lock_memory: bool = False
    freeze_collector: bool = True
    switch_interval_us: Annotated[int, Meta(ge=10, le=1_000_000)] = 100

    # Safety (sections 4 and 11); None: off
    minimum_spread_bps: Positive | None = None  # 20 in live
    max_daily_loss: Positive | None = None  # USDT; 50 in live
    max_consecutive_failures: Annotated[int, Meta(ge=1, le=1000)] = 5
    enable_emergency_stop: bool = False  # true in live
    enable_all_safety_features: bool = False  # true in live

    # The run
    seed: int = 1
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    enable_debug_logging: bool = False

    @property
    def is_loop_urgent(self) -> bool:
        """Whether the execution loop's thread, the journal's and the writer's run before ordinary ones.

        Whoever holds the interpreter's lock must not be put aside for other processes: the feed waits for it.
        A strategy that spins never gives its core away, so there the loop would take it.
        """
        return self.realtime and self.topology != "spin"

    def __post_init__(self) -> None:
        """Hold every value to its rule, so that no wrong config exists."""
        for setting in CONFIG:
            value = getattr(self, setting.name)
            if value is not None or setting.name not in OPTIONAL:
                checked = setting.check(value, origin.argument(setting.name))
                force_setattr(self, setting.name, checked)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> SyntheticConfig:
        """Take the documented values, replaced by the environment variables that are set.

        Only the process's environment is read; `load_settings` also reads `.env`, files and profiles.

        Raises
        ------
        ConfigError
            A variable breaks its rule, or two names of one setting say different things.
        """
        given = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        for setting in CONFIG:
            found = variable_of(setting.variables, given, "the environment")
            if found is not None:
                values[setting.name] = setting.check(given[found], origin.variable(found))
        return cls(**values)

    @property
    def effective_log_level(self) -> str:
        """The level that logging is set to."""
        return "debug" if self.enable_debug_logging else self.log_level


OPTIONAL = frozenset({"kernel", "minimum_spread_bps", "max_daily_loss"})


def variable_of(names: tuple[str, ...], given: Mapping[str, str], place: str) -> str | None:
    """Find which of a setting's names is set; two that differ are refused."""
    present = [name for name in names if name in given]
    if len({given[name] for name in present}) > 1:
        said = " and ".join(f"{name}={given[name]}" for name in present)
        raise ConfigError(
            f"{names[0]} and its alias {', '.join(names[1:])} must not say different things,"
            f" were {said} in {place}; keep one of them"
        )
    return present[0] if present else None
