"""What a run shows: JSON for scripts, plain lines for pipes, a picture for terminals."""

from __future__ import annotations

import io
import json
import os
import threading
from decimal import Decimal
from typing import Any

import pytest
from rich.console import Console

from synthcore.monitor.jsonl import JsonLines
from synthcore.monitor.picture import Picture, draw
from synthcore.monitor.plain import PlainLines
from synthcore.monitor.screen import Screen
from synthcore.monitor.summary import RunFigures, build_summary
from synthcore.monitor.writer import STATUS_BACKLOG, LineWriter

START = {
    "environment": "embedded",
    "profile": "qualifying",
    "topology": "park",
    "order_entry": "socket",
    "symbols": ["BTCUSDT"],
    "seed": 1,
}
SUMMARY = build_summary(
    RunFigures(trades=2, successful=2, profile="qualifying", environment="embedded", exit_code=0)
)
SNAPSHOT = {
    **SUMMARY,
    "elapsed_s": 12.0,
    "connected": {"public": True, "private": False},
    "prices": {"BTCUSDT": {"bid": 64000.1, "ask": 64000.2, "age_ms": 12}},
    "open_trades": [
        {"trade": "r-17", "symbol": "BTCUSDT", "state": "ACTIVE", "age_ms": 400, "mark_bps": 22.3}
    ],
    "rate_budget": {"free": 4, "capacity": 10},
}
TRADE = {
    "trade": "r-16", "symbol": "ETHUSDT", "end": "CLOSED", "successful": True, "reason": "take_profit",
    "held_ms": 999.0, "synthetic_edge_usdt": 0.31, "real_cost_usdt": Decimal("1.2"), "qty": Decimal("0.01"),
}  # fmt: skip


def show_all(view: Any) -> None:
    view.on_start(START)
    view.on_status(SNAPSHOT)
    view.on_warning("idle states are not held off")
    view.on_trade(TRADE)
    view.on_summary(SUMMARY, final=True)
    view.close()


def test_json_is_one_object_a_line_with_version_and_type() -> None:
    out = io.StringIO()

    show_all(JsonLines(out))

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["type"] for line in lines] == ["start", "status", "warning", "trade", "summary"]
    assert {line["schema_version"] for line in lines} == {1}
    assert lines[2]["text"] == "idle states are not held off"
    assert (lines[3]["qty"], lines[3]["real_cost_usdt"]) == (0.01, 1.2)
    assert {key: lines[4][key] for key in SUMMARY} == SUMMARY


def test_plain_lines_say_the_same_and_keep_words_apart() -> None:
    out, words = io.StringIO(), io.StringIO()

    show_all(PlainLines(out, words))

    assert words.getvalue() == "warning: idle states are not held off\n"
    assert out.getvalue().startswith(
        "started on embedded: BTCUSDT until stopped, topology park, orders by socket, seed 1\n"
    )
    assert "trade r-16  ETHUSDT  CLOSED  take_profit  held 999 ms" in out.getvalue()
    assert "finished and flat (exit code 0)" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_plain_lines_show_a_status_every_ten_seconds() -> None:
    now = [0.0]
    out = io.StringIO()
    view = PlainLines(out, io.StringIO(), clock=lambda: now[0])

    for second in range(31):
        now[0] = float(second)
        view.on_status(SNAPSHOT)
    view.close()

    assert out.getvalue().count("updates") == 3


def test_a_slow_reader_does_not_hold_up_the_run_and_gets_what_matters() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as out:
        view = JsonLines(out)
        filler = {"filler": "x" * 4096}  # a pipe holds 64 KiB: the writer blocks after some of these

        for _ in range(500):
            view.on_status(filler)
        view.on_trade(TRADE)
        closing = threading.Thread(target=lambda: (view.close(), out.close()))
        closing.start()
        kinds = [json.loads(line)["type"] for line in reader]
        closing.join(10)

    assert kinds[-1] == "trade"
    assert len(kinds) < STATUS_BACKLOG + 40


def test_a_reader_that_leaves_does_not_end_the_run() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    out = os.fdopen(writing, "w")
    lines = LineWriter(out)

    lines.put("nobody reads this")
    lines.put("nor this")
    lines.close()

    assert lines.is_broken
    with pytest.raises(BrokenPipeError):
        out.close()


def drawn(width: int, height: int = 60, **changed: Any) -> str:
    console = Console(file=io.StringIO(), width=width, height=height)
    facts = {
        "info": {**START, "duration_s": 60.0},
        "snapshot": SNAPSHOT,
        "trades": [TRADE],
        "warnings": ["mind"],
    }
    console.print(draw(Picture(**{**facts, **changed}), width, height))
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_picture_shows_stages_market_funnel_trades_and_state(width: int) -> None:
    picture = drawn(width)

    for expected in (
        "ws_to_queue", "< 0.5 ms", "BTCUSDT", "64,000.1", "executed", "r-17", "ACTIVE", "r-16", "CLOSED",
        "public up", "private DOWN", "4 of 10 free", "not money", "! mind", "1:00",
    ):  # fmt: skip
        assert expected in picture
    assert max(map(len, picture.splitlines())) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 40), (120, 24)])
def test_a_low_terminal_shows_all_but_the_prices_and_is_never_exceeded(width: int, height: int) -> None:
    ended = [{**TRADE, "trade": f"r-{number}"} for number in range(6)]

    picture = drawn(width, height, trades=ended, warnings=["first", "last"]).splitlines()

    for expected in (
        "ws_to_queue", "0 updates → 0 qualified → 2 executed", "r-17", "r-0", "public up", "private DOWN",
        "not money", "! last",
    ):  # fmt: skip
        assert expected in "\n".join(picture)
    assert len(picture) < height
    assert max(map(len, picture)) <= width


def test_a_trade_that_ended_since_the_snapshot_is_shown_once() -> None:
    assert drawn(120, trades=[{**TRADE, "trade": "r-17"}]).count("r-17") == 1


def test_the_picture_before_anything_has_arrived() -> None:
    picture = drawn(100, info={}, snapshot={}, trades=[], warnings=[])

    assert "waiting for the first quote" in picture
    assert "no trades yet" in picture


def test_the_screen_keeps_the_newest_snapshot_and_the_last_trades() -> None:
    out = io.StringIO()
    writer = JsonLines(out)
    writer.on_start(START)
    for number in range(9):
        writer.on_trade({**TRADE, "trade": f"r-{number}"})
        writer.on_status({**SNAPSHOT, "updates": number})
    writer.close()
    screen = Screen()

    screen.read(io.StringIO(out.getvalue()))

    picture = screen.picture()
    assert picture.snapshot["updates"] == 8
    assert [trade["trade"] for trade in picture.trades] == [f"r-{number}" for number in (8, 7, 6, 5, 4, 3)]
