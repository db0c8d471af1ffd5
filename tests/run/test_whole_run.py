"""One run from its first line to its last: what it says, and that its figures agree with each other."""

from __future__ import annotations

import stat
from typing import Any

import pytest
from live_run import Done, Place

# The documented names, written out: a script of somebody's relies on them.
SUMMARY = [
    "updates",
    "dropped",
    "opportunities",
    "trades",
    "successful",
    "failed",
    "success_rate",
    "success_interval_95",
    "latency_ns",
    "reconnects",
    "flat",
    "rss_bytes",
    "synthetic_edge_usdt",
    "real_cost_usdt",
    "funnel",
    "topology",
    "pinned",
    "idle_states_held",
    "profile",
    "seed",
    "environment",
    "delays",
    "blind_ms",
    "clock_error_ns",
    "counters",
    "failures",
    "faults",
    "exit_code",
]
STAGES = [
    "ws_to_queue",
    "queue_to_strategy",
    "detection",
    "decision_to_wire",
    "order_placement",
    "tick_to_order",
    "end_to_end",
    "exchange_lag",
]
SUPPRESSIONS = ["cool_down", "concurrency", "symbol_busy", "stale", "risk", "rate_budget"]
REJECTIONS = ["funding_delta", "depth", "confidence", "profit"]
MB = 1_000_000
PATIENT = {"SYNTHTEST_LEG_TIMEOUT_MS": "10000"}  # a busy machine is no failed trade


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Place]:
    """One run of some seconds, looked at by every test here."""
    place = Place(tmp_path_factory.mktemp("whole"))
    done = place.call(
        "run", "--symbols", "BTCUSDT,ETHUSDT", "--duration", "4s", "--seed", "11", "--json", environ=PATIENT
    )
    assert done.code == 0, done
    return done, place


def test_it_says_start_then_statuses_and_trades_then_one_summary(whole: tuple[Done, Place]) -> None:
    done, _ = whole

    kinds = [one["type"] for one in done.objects()]

    assert len(kinds) == len(done.out.splitlines())  # nothing but objects
    assert (kinds[0], kinds[-1]) == ("start", "summary")
    assert set(kinds[1:-1]) == {"status", "trade"}
    assert {one["schema_version"] for one in done.objects()} == {1}


def test_the_start_says_profile_environment_and_seed(whole: tuple[Done, Place]) -> None:
    (start,) = whole[0].objects("start")

    assert (start["profile"], start["environment"], start["seed"]) == ("qualifying", "embedded", 11)
    assert (start["spread_bps"], start["funding_delta"]) == (50.0, 0.0075)
    assert start["symbols"] == ["BTCUSDT", "ETHUSDT"]


def test_the_summary_has_the_documented_keys_and_no_others(whole: tuple[Done, Place]) -> None:
    summary = whole[0].summary

    assert set(summary) == {"schema_version", "type", *SUMMARY}
    assert list(summary["latency_ns"]) == STAGES
    for figures in summary["latency_ns"].values():
        assert list(figures) == ["count", "p50", "p95", "p99", "p999", "max"]
    assert set(summary["pinned"]) == {"feed", "strategy"}
    assert list(summary["funnel"]) == ["updates", "rejected", "qualified", "suppressed", "executed"]
    assert list(summary["funnel"]["suppressed"]) == SUPPRESSIONS
    assert list(summary["funnel"]["rejected"]) == REJECTIONS
    for rejected in summary["funnel"]["rejected"].values():
        assert set(rejected) == {"count", "median_margin"}


def test_it_ends_flat_with_trades_and_drops_nothing(whole: tuple[Done, Place]) -> None:
    summary = whole[0].summary

    assert (summary["flat"], summary["exit_code"], summary["dropped"]) == (True, 0, 0)
    assert summary["trades"] >= 5
    assert summary["successful"] == summary["trades"]
    assert summary["success_rate"] == 1.0
    low, high = summary["success_interval_95"]
    assert 0 < low < high == 1.0
    assert summary["rss_bytes"] < 100 * MB
    assert summary["real_cost_usdt"] > 0 and summary["synthetic_edge_usdt"] > 0


def accounted(funnel: dict[str, Any]) -> tuple[int, int]:
    rejected = sum(one["count"] for one in funnel["rejected"].values())
    return rejected + funnel["qualified"], sum(funnel["suppressed"].values()) + funnel["executed"]


def test_every_update_of_every_line_is_in_the_funnel_once(whole: tuple[Done, Place]) -> None:
    done, _ = whole

    funnels = [one["funnel"] for one in done.objects() if "funnel" in one]

    last = done.summary["funnel"]
    assert accounted(last) == (last["updates"], last["qualified"])
    assert last["updates"] == done.summary["updates"] > 0
    assert last["qualified"] == done.summary["opportunities"]
    assert last["executed"] == done.summary["trades"]
    updates = [funnel["updates"] for funnel in funnels]
    assert updates == sorted(updates)


def test_every_stage_is_counted_as_often_as_it_happened(whole: tuple[Done, Place]) -> None:
    summary = whole[0].summary

    counts = {name: figures["count"] for name, figures in summary["latency_ns"].items()}

    trades = summary["trades"]
    # The funnel stops with the entries; updates go on until everything is closed.
    assert counts["detection"] >= summary["updates"]
    assert abs(counts["queue_to_strategy"] - counts["detection"]) <= 1  # one may be on its way
    assert counts["ws_to_queue"] >= summary["updates"]  # the updates before the start are in it
    assert counts["decision_to_wire"] == 2 * trades  # two legs
    assert counts["order_placement"] == 4 * trades  # in and out
    assert counts["tick_to_order"] == counts["end_to_end"] == trades
    for name, figures in summary["latency_ns"].items():
        quantiles = [figures[key] for key in ("p50", "p95", "p99", "p999", "max")]
        assert quantiles == sorted(quantiles), name
        assert quantiles[0] > 0, name


def test_the_trades_told_add_up_to_the_summary(whole: tuple[Done, Place]) -> None:
    done, summary = whole[0], whole[0].summary

    trades = done.objects("trade")

    assert len({trade["trade"] for trade in trades}) == len(trades) == summary["trades"]
    assert {trade["end"] for trade in trades} == {"CLOSED"}
    for key in ("synthetic_edge_usdt", "real_cost_usdt"):
        assert sum(trade[key] for trade in trades) == pytest.approx(summary[key], abs=1e-5)
    for trade in trades:
        hedge = trade["hedge_ns"]
        assert hedge["exposed"] > 0
        assert min(hedge["fill_long"], hedge["fill_short"]) > 0


def test_words_go_to_stderr_and_the_record_to_the_state_folder(whole: tuple[Done, Place]) -> None:
    done, place = whole

    (record,) = place.state.rglob("*.jsonl")

    assert done.err.startswith("profile qualifying (default of run): 50 bps")
    assert done.err.count("\n") == 1
    assert place.strays() == []
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    kept = [line for line in done.out.splitlines() if '"type":"status"' not in line]
    assert record.read_text().splitlines() == kept


def test_piped_plain_lines_come_without_control_characters(place: Place) -> None:
    done = place.call("run", "--symbols", "BTCUSDT", "--duration", "1s")

    assert done.code == 0, done
    assert done.out.startswith("started on embedded: BTCUSDT for 0:01")
    assert "  CLOSED  " in done.out
    assert "finished and flat (exit code 0)" in done.out
    assert "\x1b" not in done.out + done.err
    assert "\r" not in done.out + done.err


@pytest.mark.parametrize("topology", ["inline", "spin"])
def test_the_other_topologies_trade_and_end_flat_too(place: Place, topology: str) -> None:
    done = place.call(
        "run", "--symbols", "BTCUSDT", "--duration", "1s", "--topology", topology, "--json", environ=PATIENT
    )

    summary = done.summary
    assert (done.code, summary["topology"], summary["flat"]) == (0, topology, True)
    assert summary["successful"] == summary["trades"] > 0
    assert accounted(summary["funnel"]) == (summary["updates"], summary["opportunities"])
