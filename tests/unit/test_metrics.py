"""The collector: counts, rates, percentiles, in the words of the original design."""

from __future__ import annotations

import pytest

from synthcore._core.histogram import LatencyHistogram
from synthcore.monitor.metrics import MetricsCollector, latency_of


def test_rate_and_interval_follow_successes_and_failures() -> None:
    metrics = MetricsCollector()

    for _ in range(95):
        metrics.record_success()
    for reason in ("leg_timeout", "leg_timeout", "rejected", "leg_timeout", "rejected"):
        metrics.record_failure(reason)

    assert metrics.executed == 100
    assert metrics.failures == {"leg_timeout": 3, "rejected": 2}
    assert metrics.calculate_success_rate() == 0.95
    assert metrics.calculate_success_interval() == pytest.approx((0.8882, 0.9785), abs=1e-4)


def test_without_trades_there_is_no_rate() -> None:
    metrics = MetricsCollector()

    assert metrics.calculate_success_rate() is None
    assert metrics.calculate_success_interval() is None
    assert metrics.calculate_p99() is None


def test_percentiles_are_of_the_stage_within_one_percent() -> None:
    metrics = MetricsCollector()

    for ns in range(1, 10_001):
        metrics.record_websocket_latency(ns * 100)
    metrics.record_queue_latency(7)

    assert metrics.calculate_p50("ws_to_queue") == pytest.approx(500_000, rel=0.01)
    assert metrics.calculate_p95("ws_to_queue") == pytest.approx(950_000, rel=0.01)
    assert metrics.calculate_p99("ws_to_queue") == pytest.approx(990_000, rel=0.01)
    assert metrics.calculate_p50("queue_to_strategy") == 7


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(ValueError, match=r"stage must be one of ws_to_queue, .*, was 'wire'"):
        MetricsCollector().record_latency("wire", 1)


def test_the_latencies_of_two_threads_are_seen_together_and_neither_is_changed() -> None:
    one, other = LatencyHistogram(), LatencyHistogram()
    one.record(100)
    other.record(300)

    together = latency_of(one, other)

    assert (together["count"], together["max"]) == (2, 300)
    assert (one.count, other.count) == (1, 1)


def test_the_report_names_what_happened() -> None:
    metrics = MetricsCollector()
    metrics.record_opportunity(3)
    metrics.record_success()
    metrics.record_failure("leg_timeout")
    metrics.record_event("emergency_closes")
    metrics.record_latency("end_to_end", 3_000_000)

    report = metrics.report_summary()

    for expected in (
        "opportunities 3, trades 2, success 50.0 %",
        "failed: leg_timeout 1",
        "emergency_closes: 1",
    ):
        assert expected in report
    assert "end_to_end: p50 3.0" in report
    assert "time_outs" not in report
