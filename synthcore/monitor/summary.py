"""The figures of a run under the names that scripts rely on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from synthcore.monitor.stages import SENT_TO_QUEUE, STAGE_NAMES
from synthcore.monitor.wilson import wilson_interval

SCHEMA_VERSION = 1
REJECTIONS = ("funding_delta", "depth", "confidence", "profit")
SUPPRESSIONS = ("cool_down", "concurrency", "symbol_busy", "stale", "risk", "rate_budget")
QUANTILES = ("p50", "p95", "p99", "p999", "max")
NO_LATENCY: dict[str, int | None] = {"count": 0, **dict.fromkeys(QUANTILES)}

Latency = Mapping[str, int | None]  # count, p50, p95, p99, p999, max


class Rejection(Struct, frozen=True):
    """How often one of the four checks was the first that failed, and by how much it did."""

    count: int
    median_margin: float | None  # value − threshold, in the check's own unit


class RunFigures(Struct, frozen=True, kw_only=True):
    """What a run knows of itself: the plain inputs of the summary."""

    updates: int = 0
    dropped: int = 0
    qualified: int = 0  # each one is an opportunity
    trades: int = 0  # executed: at least one leg was sent
    successful: int = 0  # both legs filled
    failed: int = 0
    latency_ns: Mapping[str, Latency] = field(default_factory=dict)  # by stage
    reconnects: int = 0
    flat: bool = True
    rss_bytes: int = 0  # the peak
    synthetic_edge_usdt: float = 0.0
    real_cost_usdt: float = 0.0
    rejected: Mapping[str, Rejection] = field(default_factory=dict)  # by check
    suppressed: Mapping[str, int] = field(default_factory=dict)  # by reason
    counters: Mapping[str, int] = field(default_factory=dict)  # emergency closes, time-outs, …
    failures: Mapping[str, int] = field(default_factory=dict)  # failed trades by reason
    blind_ms: float = 0.0  # without trustworthy market data
    clock_error_ns: int | None = None  # how well the exchange's clock is known: of exchange_lag
    topology: str = ""
    pinned_feed: int | None = None  # core
    pinned_strategy: int | None = None
    idle_states_held: bool = False
    profile: str = ""
    seed: int = 0
    environment: str = ""
    delays: str | None = None  # of an embedded exchange of our own
    faults: dict[str, int] | None = None  # which struck; None while it runs, or where nobody says
    exit_code: int | None = None  # None while it runs


def build_summary(figures: RunFigures) -> dict[str, Any]:
    """Put the figures under the documented keys; every key is always there."""
    finished = figures.successful + figures.failed
    stages = [*STAGE_NAMES, *(name for name in (SENT_TO_QUEUE,) if name in figures.latency_ns)]
    return {
        "updates": figures.updates,
        "dropped": figures.dropped,
        "opportunities": figures.qualified,
        "trades": figures.trades,
        "successful": figures.successful,
        "failed": figures.failed,
        "success_rate": figures.successful / finished if finished else None,
        "success_interval_95": as_list(wilson_interval(figures.successful, finished)),
        "latency_ns": {name: dict(figures.latency_ns.get(name, NO_LATENCY)) for name in stages},
        "reconnects": figures.reconnects,
        "blind_ms": round(figures.blind_ms, 1),
        "clock_error_ns": figures.clock_error_ns,
        "counters": dict(figures.counters),
        "failures": dict(figures.failures),
        "flat": figures.flat,
        "rss_bytes": figures.rss_bytes,
        "synthetic_edge_usdt": round(figures.synthetic_edge_usdt, 6),
        "real_cost_usdt": round(figures.real_cost_usdt, 6),
        "funnel": funnel(figures),
        "topology": figures.topology,
        "pinned": {"feed": figures.pinned_feed, "strategy": figures.pinned_strategy},
        "idle_states_held": figures.idle_states_held,
        "profile": figures.profile,
        "seed": figures.seed,
        "environment": figures.environment,
        "delays": figures.delays,
        "faults": figures.faults,
        "exit_code": figures.exit_code,
    }


def funnel(figures: RunFigures) -> dict[str, Any]:
    """From every update to what was executed; unknown reasons are kept, known ones always shown."""
    nothing = Rejection(0, None)
    rejected = {name: nothing for name in REJECTIONS} | dict(figures.rejected)
    return {
        "updates": figures.updates,
        "rejected": {
            name: {"count": one.count, "median_margin": one.median_margin} for name, one in rejected.items()
        },
        "qualified": figures.qualified,
        "suppressed": dict.fromkeys(SUPPRESSIONS, 0) | dict(figures.suppressed),
        "executed": figures.trades,
    }


def as_list(interval: tuple[float, float] | None) -> list[float] | None:
    """JSON has no tuples: the summary is the same before and after it."""
    return list(interval) if interval else None
