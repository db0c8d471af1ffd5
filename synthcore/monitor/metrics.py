"""What a run counts and times, with fixed memory however long it runs."""

from __future__ import annotations

from collections import Counter

from synthcore._core.histogram import LatencyHistogram
from synthcore.monitor.stages import STAGE_NAMES
from synthcore.monitor.summary import NO_LATENCY, Latency
from synthcore.monitor.units import count_text, percent, time_text
from synthcore.monitor.wilson import wilson_interval

COUNTERS = (
    "emergency_closes",
    "partial_fills",
    "cancellations",
    "time_outs",
    "unknown_outcomes",
    "unknown_then_resolved",
)


class MetricsCollector:
    """Counters and one histogram a stage; usable alone by any strategy.

    Not for several threads: each thread records into its own histogram, and `merged` adds it in a view.

    Attributes
    ----------
    failures
        Failed trades by reason.
    counters
        Events by name; the usual ones are always there.
    """

    def __init__(self) -> None:
        self.opportunities = 0
        self.successful = 0
        self.failures: Counter[str] = Counter()
        self.counters: Counter[str] = Counter(dict.fromkeys(COUNTERS, 0))
        self._histograms = {name: LatencyHistogram() for name in STAGE_NAMES}

    @property
    def failed(self) -> int:
        """Trades that failed, for whatever reason."""
        return self.failures.total()

    @property
    def executed(self) -> int:
        """Trades that reached an end."""
        return self.successful + self.failed

    def record_opportunity(self, count: int = 1) -> None:
        """Count what qualified."""
        self.opportunities += count

    def record_success(self) -> None:
        """Count a trade whose both legs filled."""
        self.successful += 1

    def record_failure(self, reason: str) -> None:
        """Count a trade that failed, under its reason."""
        self.failures[reason] += 1

    def record_event(self, name: str, count: int = 1) -> None:
        """Count anything else: an emergency close, a time-out, a cancellation."""
        self.counters[name] += count

    def record_websocket_latency(self, ns: int) -> None:
        """Time one update from the frame to the ring."""
        self.record_latency("ws_to_queue", ns)

    def record_queue_latency(self, ns: int) -> None:
        """Time one update from the ring to the strategy."""
        self.record_latency("queue_to_strategy", ns)

    def record_latency(self, stage: str, ns: int) -> None:
        """Time one pass of a stage (see `stages.py` for their names)."""
        self.histogram(stage).record(ns)

    def histogram(self, stage: str) -> LatencyHistogram:
        """The stage's own histogram, to record into it directly.

        Raises
        ------
        ValueError
            There is no such stage.
        """
        if stage not in self._histograms:
            raise ValueError(f"stage must be one of {', '.join(STAGE_NAMES)}, was {stage!r}")
        return self._histograms[stage]

    def merge_latency(self, stage: str, other: LatencyHistogram) -> None:
        """Add what another thread recorded; once, at the end: its records would count again."""
        self.histogram(stage).merge(other)

    def calculate_success_rate(self) -> float | None:
        """Both legs filled / executed, 0 to 1; None without trades."""
        return self.successful / self.executed if self.executed else None

    def calculate_success_interval(self) -> tuple[float, float] | None:
        """The success rate's 95 % Wilson interval."""
        return wilson_interval(self.successful, self.executed)

    def calculate_p50(self, stage: str = "end_to_end") -> int | None:
        """Half of a stage's passes took at most this, in ns; None without any."""
        return self.calculate_percentile(stage, 50.0)

    def calculate_p95(self, stage: str = "end_to_end") -> int | None:
        """95 % of a stage's passes took at most this, in ns."""
        return self.calculate_percentile(stage, 95.0)

    def calculate_p99(self, stage: str = "end_to_end") -> int | None:
        """99 % of a stage's passes took at most this, in ns."""
        return self.calculate_percentile(stage, 99.0)

    def calculate_percentile(self, stage: str, percentile: float) -> int | None:
        """Any percentile (0 to 100) of a stage, in ns; None without records."""
        histogram = self.histogram(stage)
        return histogram.percentile(percentile) if histogram.count else None

    def latencies(self) -> dict[str, Latency]:
        """Every stage's count, p50, p95, p99, p999 and max, as the summary has them."""
        return {name: latency_of(histogram) for name, histogram in self._histograms.items()}

    def report_summary(self) -> str:
        """A few lines for people: rate with interval, failures, stages."""
        rate, interval = self.calculate_success_rate(), self.calculate_success_interval()
        known = f" (95 %: {percent(interval[0])} to {percent(interval[1])})" if interval else ""
        lines = [
            f"opportunities {count_text(self.opportunities)}, trades {count_text(self.executed)},"
            f" success {percent(rate)}{known}"
        ]
        lines += [f"failed: {reason} {count_text(count)}" for reason, count in self.failures.most_common()]
        lines += [f"{name}: {count_text(count)}" for name, count in self.counters.items() if count]
        for name, found in self.latencies().items():
            if found["count"]:
                p50, p99, longest = (time_text(found[key]) for key in ("p50", "p99", "max"))
                lines.append(f"{name}: p50 {p50}, p99 {p99}, max {longest} ({count_text(found['count'])})")
        return "\n".join(lines)


def latency_of(*histograms: LatencyHistogram) -> Latency:
    """Describe one histogram, or several threads' together; the times are None without records."""
    if len(histograms) == 1:
        together = histograms[0]
    else:
        together = LatencyHistogram()
        for histogram in histograms:
            together.merge(histogram)
    return together.summary() if together.count else NO_LATENCY
