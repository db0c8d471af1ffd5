"""The summary's keys are a contract with scripts; the text says the same to people."""

from __future__ import annotations

from typing import Any

import pytest

from synthcore.monitor.criteria import criteria, criteria_met
from synthcore.monitor.stages import STAGE_NAMES
from synthcore.monitor.summary import Rejection, RunFigures, build_summary
from synthcore.monitor.text import summary_text

KEYS = {
    "updates", "dropped", "opportunities", "trades", "successful", "failed", "success_rate",
    "success_interval_95", "latency_ns", "reconnects", "flat", "rss_bytes", "synthetic_edge_usdt",
    "real_cost_usdt", "funnel", "topology", "pinned", "idle_states_held", "profile", "seed", "environment",
    "delays", "blind_ms", "clock_error_ns", "counters", "failures", "faults",
    "exit_code",
}  # fmt: skip
FAST = {"count": 200, "p50": 1_000, "p95": 2_000, "p99": 3_000, "p999": 4_000, "max": 5_000}


def figures(**changed: Any) -> RunFigures:
    facts: dict[str, Any] = {
        "updates": 12_345,
        "qualified": 12_000,
        "trades": 118,
        "successful": 117,
        "failed": 1,
        "latency_ns": {name: FAST for name in STAGE_NAMES},
        "rss_bytes": 57_100_000,
        "synthetic_edge_usdt": 123.4,
        "real_cost_usdt": 64.25,
        "rejected": {"profit": Rejection(345, -8.06)},
        "suppressed": {"cool_down": 11_000},
        "topology": "park",
        "pinned_feed": 1,
        "profile": "qualifying",
        "seed": 1,
        "environment": "embedded",
        "delays": None,
        "exit_code": 0,
    }
    return RunFigures(**{**facts, **changed})


def test_the_keys_are_exactly_the_documented_ones() -> None:
    summary = build_summary(figures())

    assert set(summary) == KEYS
    assert set(summary["latency_ns"]) == set(STAGE_NAMES)
    assert set(summary["latency_ns"]["detection"]) == {"count", "p50", "p95", "p99", "p999", "max"}
    assert set(summary["funnel"]) == {"updates", "rejected", "qualified", "suppressed", "executed"}
    assert set(summary["funnel"]["rejected"]["profit"]) == {"count", "median_margin"}
    assert set(summary["funnel"]["suppressed"]) == {
        "cool_down", "concurrency", "symbol_busy", "stale", "risk", "rate_budget",
    }  # fmt: skip
    assert set(summary["pinned"]) == {"feed", "strategy"}


def test_the_stages_are_those_of_the_specification() -> None:
    assert STAGE_NAMES == (
        "ws_to_queue", "queue_to_strategy", "detection", "decision_to_wire", "order_placement",
        "tick_to_order", "end_to_end", "exchange_lag",
    )  # fmt: skip


def test_success_has_its_interval() -> None:
    summary = build_summary(figures())

    assert summary["success_rate"] == pytest.approx(117 / 118)
    assert summary["success_interval_95"] == pytest.approx([0.9535, 0.9985], abs=1e-3)


def test_without_trades_there_is_no_rate_and_nothing_breaks() -> None:
    summary = build_summary(RunFigures())

    assert summary["success_rate"] is None
    assert summary["success_interval_95"] is None
    assert summary["latency_ns"]["end_to_end"] == {
        "count": 0, "p50": None, "p95": None, "p99": None, "p999": None, "max": None,
    }  # fmt: skip
    text = summary_text(summary)
    assert "no trades" in text
    assert "no orders" in text


def test_the_text_holds_every_figure_and_its_band() -> None:
    text = summary_text(build_summary(figures()), network_rtt_ns=500)

    for expected in (
        "excellent: may grow",
        "99.2 %, 117 of 118 trades (95 %: 95.4 to 99.9 %)",
        "end_to_end p99 3.00 µs, of it network 500 ns",
        "flat, proven",
        "finished and flat (exit code 0)",
        "✓ < 0.5 ms",
        "− cool_down",
        "−8.06",
        "+123.40 USDT",
        "−64.25 USDT",
        "57.1 MB",
        "feed on core 1, strategy not pinned",
    ):
        assert expected in text


def test_the_text_says_when_exposure_is_left() -> None:
    text = summary_text(build_summary(figures(flat=False, exit_code=3)))

    assert "NOT FLAT" in text
    assert "flat, proven" not in text


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_text_fits_the_terminal_without_cutting_a_figure(width: int) -> None:
    lines = summary_text(build_summary(figures()), width=width).splitlines()

    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)


def test_a_rate_just_under_one_is_not_shown_as_one() -> None:
    text = summary_text(build_summary(figures(successful=99_999, failed=1, trades=100_000)))

    assert "99.9 %, 99,999 of 100,000 trades" in text


def test_criteria_hold_for_a_good_run() -> None:
    assert criteria_met(build_summary(figures()))


@pytest.mark.parametrize(
    ("changed", "missed"),
    [
        ({"trades": 99, "successful": 99, "failed": 0}, "trades"),
        ({"successful": 112, "failed": 6}, "success_rate"),
        ({"trades": 0, "successful": 0, "failed": 0}, "success_rate"),
        ({"dropped": 1}, "dropped"),
        ({"latency_ns": {name: {**FAST, "p99": 20_000_000} for name in STAGE_NAMES}}, "end_to_end p99"),
        ({"latency_ns": {}}, "tick_to_order p99"),
    ],
)
def test_criteria_name_what_is_missed(changed: dict[str, Any], missed: str) -> None:
    found = criteria(build_summary(figures(**changed)))

    assert missed in [criterion.name for criterion in found if not criterion.is_met]


def test_what_went_wrong_on_purpose_is_said_where_it_is_known() -> None:
    struck = summary_text(build_summary(figures(faults={"lose_answer": 2, "cut_socket": 1})))
    spared = summary_text(build_summary(figures(faults={})))
    unknown = summary_text(build_summary(figures()))

    assert "Faults    3 struck" in struck
    assert "cut_socket 1, lose_answer 2" in struck
    assert "none struck" in spared
    assert "Faults" not in unknown
