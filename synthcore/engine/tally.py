"""What a run has counted so far, from every part of it, under one set of names."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from synthcore.engine.market import MarketSide
from synthcore.monitor.metrics import MetricsCollector, latency_of
from synthcore.monitor.stages import SENT_TO_QUEUE
from synthcore.monitor.summary import Rejection, RunFigures
from synthcore.settings.run import RunSettings

# The kernel's reasons that the funnel knows under a wider name.
WIDER_REASON = {"halted": "risk", "untrusted": "stale"}


class Tally:
    """Adds up one run: the kernel's counts, the desk's, the money."""

    def __init__(self, settings: RunSettings, metrics: MetricsCollector) -> None:
        self.metrics = metrics
        self.suppressed: Counter[str] = Counter()  # by the gate, behind the kernel
        self.executed = 0
        self.synthetic_edge_usdt = 0.0
        self.real_cost_usdt = 0.0
        self.faults: dict[str, int] | None = None  # by kind, once the exchange has said
        self._settings = settings

    def figures(
        self,
        market: MarketSide | None,
        *,
        flat: bool,
        exit_code: int | None = None,
        clock_error_ns: int | None = None,
    ) -> RunFigures:
        """Everything the summary shows, as of now."""
        own = RunFigures(
            trades=self.executed,
            successful=self.metrics.successful,
            failed=self.metrics.failed,
            latency_ns=self.metrics.latencies(),
            flat=flat,
            rss_bytes=peak_rss_bytes(),
            clock_error_ns=clock_error_ns,
            counters=dict(self.metrics.counters),
            failures=dict(self.metrics.failures),
            synthetic_edge_usdt=self.synthetic_edge_usdt,
            real_cost_usdt=self.real_cost_usdt,
            profile=self._settings.profile,
            seed=self._settings.config.seed,
            environment=self._settings.environment.name,
            delays=delays_of(self._settings),
            faults=self.faults,
            exit_code=exit_code,
        )
        return own if market is None else with_market(own, self.suppressed, market)


def with_market(own: RunFigures, suppressed: Counter[str], market: MarketSide) -> RunFigures:
    """Add what the feed and the kernel have counted."""
    funnel = market.funnel()
    return replace(
        own,
        updates=funnel["updates"],
        dropped=market.pipeline.dropped + market.kernel.decisions_dropped,
        qualified=funnel["qualified"],
        latency_ns=dict(own.latency_ns)
        | {
            "ws_to_queue": latency_of(market.pipeline.ws_to_queue),
            "queue_to_strategy": latency_of(market.kernel.queue_to_strategy),
            "detection": latency_of(market.kernel.detection),
        }
        | ({SENT_TO_QUEUE: latency_of(sent)} if (sent := market.pipeline.sent_to_queue).count else {}),
        reconnects=market.connector.counters().reconnects,
        blind_ms=market.connector.blind_ms(),
        rejected={
            reason: Rejection(found["count"], found["median_margin"])
            for reason, found in funnel["rejected"].items()
        },
        suppressed=suppressed + in_wider_words(funnel["suppressed"]),
        topology=market.topology,
        pinned_feed=market.feed_pinning.core,
        pinned_strategy=market.pipeline.pinned_core,
        idle_states_held=market.machine.idle_states.held,
    )


def in_wider_words(counts: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for reason, count in counts.items():
        found[WIDER_REASON.get(reason, reason)] += count
    return found


def delays_of(settings: RunSettings) -> str | None:
    """The delays of the exchange that this run started; of another's nothing is known."""
    is_own = settings.attach is None and settings.environment.name == "embedded"
    return settings.delays if is_own else None


def peak_rss_bytes() -> int:
    """The most memory this process has had resident (`VmHWM`), in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
