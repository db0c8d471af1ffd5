"""Both real recordings of BTCUSDT: every line accounted for, the state sane at every step."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from synthcore.exchange.market.replay import Replay
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.source import open_source
from synthcore.recording import open_recording

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("SYNTHTEST_SHARED", ROOT.parent / "shared")) / "data" / "bybit"
FILES = {
    "ws_v5_orderbook1_BTCUSDT_20241108.jsonl.gz": 2355,
    "ws_v5_public_20260809_BTC_SOL_DOGE.jsonl.gz": 2279,
}
START_MS = 1_800_003_600_000


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest) -> Path:
    found = SHARED / str(request.param)
    if not found.exists():
        pytest.skip(f"the real recordings are not here ({found})")
    return found


def decoded(text: bytes | None) -> Any:
    assert text is not None
    return json.loads(text)


def test_every_line_is_accounted_for(path: Path) -> None:
    recording = open_recording(path)
    replay = Replay(recording, start_ms=START_MS, loops=False)

    played = list(replay.frames())

    assert recording.census.total == FILES[path.name]
    assert recording.census.skipped.keys() <= {"spot connection"}
    assert replay.emitted.total() + replay.skipped.total() == recording.census.frame_count
    assert replay.skipped.keys() <= {"kline.1 is not replayed"}
    assert len(played) == replay.emitted.total() + replay.derived.total()
    assert set(replay.emitted) | set(replay.derived) == replay.topics


def test_original_times_give_the_received_frames_to_the_byte(path: Path) -> None:
    recording = open_recording(path)
    replay = Replay(recording, start_ms=START_MS, original_times=True, loops=False)
    recorded = [frame.text for frame in recording if not frame.topic.startswith("kline")]

    replayed = [frame.text for frame in replay.frames() if frame.topic in replay.emitted]

    assert replayed == recorded


def test_the_market_is_never_crossed_and_has_both_sides(path: Path) -> None:
    state = MarketState()
    checked = 0

    for frame in Replay(open_recording(path), start_ms=START_MS, loops=False).frames():
        assert state.apply(frame.topic, frame.text)
        symbol = frame.topic.rpartition(".")[2]
        bids, asks = state.bids(symbol), state.asks(symbol)
        if bids or asks:
            assert bids[0][0] < asks[0][0]
            assert bids == sorted(bids, reverse=True)
            assert list(asks) == sorted(asks)
            checked += 1
    assert state.uncrossed == 0
    assert checked > 2000


def test_a_late_subscriber_ends_with_the_same_state(path: Path) -> None:
    """At every 400th frame somebody joins; at the end all of them have what the first one has."""
    frames = list(Replay(open_recording(path), start_ms=START_MS, loops=False).frames())
    first = MarketState()
    late: list[MarketState] = []

    for number, frame in enumerate(frames):
        if number % 400 == 399:
            late.append(MarketState())
            for topic in {frame.topic for frame in frames[:number]}:
                snapshot = first.snapshot(topic, 1)
                if snapshot is not None:
                    late[-1].apply(topic, snapshot)
        for state in (first, *late):
            assert state.apply(frame.topic, frame.text)

    assert len(late) > 5
    for symbol in {frame.topic.rpartition(".")[2] for frame in frames}:
        for state in late:
            assert state.ticker(symbol) == first.ticker(symbol)
            for depth in (1, 50, 200):
                assert state.written(symbol, depth) == first.written(symbol, depth)
                assert state.numbers(symbol, depth) == first.numbers(symbol, depth)


def test_as_fast_as_it_can_be_read_it_gives_the_same_frames_all_at_once(path: Path) -> None:
    paced = list(Replay(open_recording(path), start_ms=START_MS, loops=False).frames())
    settings = ExchangeSettings(market=str(path), speed="max", at_end="stop")

    frames = list(open_source(settings, START_MS).frames())

    assert {frame.due_ns for frame in frames} == {0}
    assert [(frame.topic, frame.text) for frame in frames] == [(frame.topic, frame.text) for frame in paced]


@pytest.mark.parametrize("speed", [0.5, 10.0])
def test_at_another_speed_the_distances_are_scaled(path: Path, speed: float) -> None:
    paced = Replay(open_recording(path), start_ms=START_MS, loops=False).frames()
    settings = ExchangeSettings(market=str(path), speed=speed, at_end="stop")

    for frame, scaled in zip(paced, open_source(settings, START_MS).frames(), strict=True):
        assert scaled.due_ns == pytest.approx(frame.due_ns / speed, abs=2)


def test_three_rounds_go_on_without_a_step_back(path: Path) -> None:
    replay = Replay(open_recording(path), start_ms=START_MS)
    last: dict[str, tuple[int, int]] = {}
    emitted_a_round = sum(1 for _ in Replay(open_recording(path), start_ms=START_MS, loops=False).frames())
    due_ns = 0

    for number, frame in enumerate(replay.frames()):
        message = decoded(frame.text)
        data = message["data"]
        u = data.get("u", 0) if isinstance(data, dict) else 0
        ts_ms, last_u = last.get(frame.topic, (0, 0))
        assert message["ts"] >= ts_ms
        assert u == 0 or last_u == 0 or u == last_u + 1
        assert frame.due_ns >= due_ns
        last[frame.topic], due_ns = (message["ts"], u), frame.due_ns
        if number > 3 * emitted_a_round:
            return
