from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from synthcore.errors import RecordingError
from synthcore.exchange.market.frames import MarketFrame, PrintedTrade, book_frame, ticker_frame, trade_frame
from synthcore.exchange.market.replay import Replay
from synthcore.exchange.market.state import MarketState
from synthcore.recording import Recording, RecordingHeader, RecordingWriter, open_recording

RECORDED_MS = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC
START_MS = 1_800_003_600_000  # 2027-01-15 09:00 UTC
FUNDING_MS = 1_800_028_800_000  # the next point of the 8 h grid


def ticker(at_ms: int, kind: str, cs: int, **fields: str) -> tuple[int, bytes]:
    return at_ms, ticker_frame("BTCUSDT", kind, fields, cs, RECORDED_MS + at_ms - 100)


def book(at_ms: int, kind: str, bid: str, ask: str, u: int, depth: int = 50) -> tuple[int, bytes]:
    ts_ms = RECORDED_MS + at_ms - 100
    levels = [[tuple(level.split(":")) for level in side.split()] for side in (bid, ask)]
    return at_ms, book_frame(
        depth, "BTCUSDT", kind, *levels, u=u, seq=1000 + u, ts_ms=ts_ms, cts_ms=ts_ms - 2
    )


def trade(at_ms: int, price: str) -> tuple[int, bytes]:
    matched_ms = RECORDED_MS + at_ms - 101
    printed = PrintedTrade(matched_ms, "Buy", "0.010", price, "PlusTick", "id", 1500)
    return at_ms, trade_frame("BTCUSDT", [printed], matched_ms + 1)


STORY = [
    ticker(
        0,
        "snapshot",
        990,
        bid1Price="100.00",
        bid1Size="1.000",
        ask1Price="100.10",
        ask1Size="2.000",
        nextFundingTime="1700006400000",
    ),
    book(0, "snapshot", "100.00:1.000 99.00:5.000", "100.10:2.000", 7),
    book(20, "delta", "100.00:0 99.90:3.000", "", 8),
    ticker(200, "delta", 1008, bid1Price="99.90", bid1Size="3.000"),
    trade(250, "100.10"),
    book(300, "delta", "", "100.10:0 100.20:4.000", 9),
]


def record(path: Path, story: list[tuple[int, bytes]]) -> Recording:
    header = RecordingHeader(created="", environment="mainnet", symbols=("BTCUSDT",))
    with RecordingWriter(path, header) as writer:
        for at_ms, text in story:
            writer.append((RECORDED_MS + at_ms) * 1_000_000, "public.0", text)
    return open_recording(path)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return record(tmp_path / "story.jsonl", STORY)


def recorded_only(replay: Replay, rounds: int = 1) -> list[MarketFrame]:
    """The frames that the story itself has, without the derived level 1."""
    frames = (frame for frame in replay.frames() if not frame.topic.startswith("orderbook.1."))
    return list(itertools.islice(frames, rounds * len(STORY)))


def numbers(frame: MarketFrame) -> Any:
    message = json.loads(frame.text)
    return message["data"]["u"], message["data"]["seq"]


def test_frames_keep_their_pace_and_their_times_are_shifted_by_a_constant(recording: Recording) -> None:
    frames = recorded_only(Replay(recording, start_ms=START_MS))

    shift_ms = START_MS - RECORDED_MS
    assert [frame.due_ns // 1_000_000 for frame in frames] == [0, 0, 20, 200, 250, 300]
    for frame, (_, text) in zip(frames, STORY, strict=True):
        now, before = json.loads(frame.text), json.loads(text)
        assert now["ts"] - before["ts"] == shift_ms
        assert now.get("cts", shift_ms) - before.get("cts", 0) == shift_ms
        assert list(now) == list(before)
    printed = json.loads(frames[4].text)["data"][0]
    assert printed["T"] == START_MS + 250 - 101


def test_nothing_but_times_is_changed_in_the_first_round(recording: Recording) -> None:
    frames = recorded_only(Replay(recording, start_ms=START_MS))

    def timeless(text: bytes) -> bytes:
        return re.sub(rb"\b1\d{12}\b", b"TIME", text)

    assert [timeless(frame.text) for frame in frames] == [timeless(text) for _, text in STORY]


def test_funding_lies_on_its_grid_after_the_shift(recording: Recording) -> None:
    snapshot = json.loads(recorded_only(Replay(recording, start_ms=START_MS))[0].text)

    assert snapshot["data"]["nextFundingTime"] == str(FUNDING_MS)


def test_original_times_leave_every_byte(recording: Recording) -> None:
    frames = recorded_only(Replay(recording, start_ms=START_MS, original_times=True))

    assert [frame.text for frame in frames] == [text for _, text in STORY]


def test_at_double_speed_pace_and_times_follow_the_clock(recording: Recording) -> None:
    frames = recorded_only(Replay(recording, start_ms=START_MS, speed=2))

    assert [frame.due_ns // 1_000_000 for frame in frames] == [0, 0, 10, 100, 125, 150]
    assert json.loads(frames[5].text)["ts"] == START_MS + (300 - 100) // 2


def test_as_fast_as_it_goes_everything_is_due_at_once(recording: Recording) -> None:
    frames = recorded_only(Replay(recording, start_ms=START_MS, speed=float("inf")))

    assert {frame.due_ns for frame in frames} == {0}
    assert json.loads(frames[5].text)["ts"] == START_MS + 300 - 100


def test_it_stops_at_the_end_where_it_is_told_to(recording: Recording) -> None:
    replay = Replay(recording, start_ms=START_MS, loops=False)

    frames = list(replay.frames())

    assert replay.emitted.total() == len(STORY)
    assert len(frames) == replay.emitted.total() + replay.derived.total()


def test_the_second_round_goes_on_where_the_first_ended(recording: Recording) -> None:
    replay = Replay(recording, start_ms=START_MS)
    state = MarketState()

    frames = recorded_only(replay, rounds=3)

    books = [frame for frame in frames if frame.topic == "orderbook.50.BTCUSDT"]
    assert [numbers(frame)[0] for frame in books] == list(range(7, 16))
    assert [json.loads(frame.text)["type"] for frame in books] == ["snapshot", "delta", "delta"] * 3
    for topic in {frame.topic for frame in frames}:
        times = [json.loads(frame.text)["ts"] for frame in frames if frame.topic == topic]
        assert times == sorted(times)
        assert times[len(times) // 3] > times[len(times) // 3 - 1]
    due = [frame.due_ns for frame in frames]
    assert due == sorted(due)
    sequences = [json.loads(f.text).get("cs") or numbers(f)[1] for f in frames if "Trade" not in f.topic]
    assert all(later >= sequences[0] for later in sequences)
    assert sequences[5] > max(sequences[:5]) - 501  # the second round's numbers lie above the first's
    for frame in frames:
        assert state.apply(frame.topic, frame.text)
    assert state.uncrossed == 0


def test_a_stream_that_begins_in_the_middle_is_silent_until_its_snapshot(tmp_path: Path) -> None:
    recording = record(tmp_path / "r.jsonl", [STORY[2], STORY[3], *STORY])
    replay = Replay(recording, start_ms=START_MS, loops=False)

    frames = list(replay.frames())

    first: dict[str, str] = {}
    for frame in frames:
        first.setdefault(frame.topic, json.loads(frame.text)["type"])
    assert set(first.values()) == {"snapshot"}
    assert replay.skipped == {"before the first snapshot": 2}


@pytest.mark.parametrize(
    "odd",
    [
        b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT"},"cs":1}',
        b'{"topic":"tickers.BTCUSDT","type":"delta","data":{"markPrice":5},"cs":1,"ts":1}',
        b'{"topic":"tickers.BTCUSDT","type":"delta","ts":1}',
        b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"b":[],"a":[["x","1"]],"u":1,"seq":1}}',
        b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":1,"data":{"b":[],"a":[],"u":"?"}}',
        b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":[7]}',
        b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1,"data":"text"}',
    ],
)
def test_an_odd_frame_is_counted_and_left_out(tmp_path: Path, odd: bytes) -> None:
    replay = Replay(record(tmp_path / "r.jsonl", [*STORY, (400, odd)]), start_ms=START_MS, loops=False)

    frames = list(replay.frames())

    assert replay.skipped == {"malformed": 1}
    assert replay.emitted.total() == len(STORY)
    assert all(frame.due_ns <= 400_000_000 for frame in frames)


def test_topics_it_does_not_replay_are_counted(tmp_path: Path) -> None:
    kline = b'{"topic":"kline.1.BTCUSDT","data":[],"ts":1,"type":"snapshot"}'
    replay = Replay(record(tmp_path / "r.jsonl", [*STORY, (400, kline)]), start_ms=START_MS, loops=False)

    list(replay.frames())

    assert replay.skipped == {"kline.1 is not replayed": 1}
    assert "kline.1.BTCUSDT" not in replay.topics


def test_a_recording_without_market_data_is_refused(tmp_path: Path) -> None:
    kline = b'{"topic":"kline.1.BTCUSDT","data":[],"ts":1,"type":"snapshot"}'

    for story, has in (([], "none at all"), ([(0, kline)], "kline.1.BTCUSDT")):
        path = tmp_path / f"{len(story)}.jsonl"
        with pytest.raises(RecordingError, match=f"has {has}"):
            Replay(record(path, story), start_ms=START_MS)


def test_a_recording_without_any_snapshot_is_refused(tmp_path: Path) -> None:
    recording = record(tmp_path / "r.jsonl", [STORY[2], STORY[3], STORY[5]])

    with pytest.raises(RecordingError, match="record from the subscription on"):
        Replay(recording, start_ms=START_MS)


def test_a_recording_of_which_nothing_can_be_played_ends(tmp_path: Path) -> None:
    odd = b'{"topic":"tickers.BTCUSDT","type":"snapshot","data":7,"ts":1}'
    replay = Replay(record(tmp_path / "r.jsonl", [(0, odd)]), start_ms=START_MS)

    assert list(replay.frames()) == []
    assert replay.skipped == {"malformed": 1}


# Derived topics


def replayed_state(replay: Replay) -> tuple[MarketState, Counter[str]]:
    state, seen = MarketState(), Counter[str]()
    for frame in replay.frames():
        assert state.apply(frame.topic, frame.text)
        seen[frame.topic] += 1
    return state, seen


def test_a_book_gives_the_ticker_and_the_level_one_it_lacks(tmp_path: Path) -> None:
    story = [frame for frame in STORY if b'"orderbook.50' in frame[1]] + [
        book(900, "delta", "98.00:1.000", "", 10)
    ]
    replay = Replay(record(tmp_path / "r.jsonl", story), start_ms=START_MS, loops=False)

    state, seen = replayed_state(replay)

    kinds = ("orderbook.1", "orderbook.50", "tickers")
    assert replay.topics == set(seen) == {f"{kind}.BTCUSDT" for kind in kinds}
    assert seen["orderbook.1.BTCUSDT"] == 3  # the fourth frame changed nothing at the top
    assert state.written("BTCUSDT", 1) == ([("99.9", "3")], [("100.2", "4")])
    ticker = state.ticker("BTCUSDT")
    assert (ticker["bid1Price"], ticker["ask1Size"]) == ("99.90", "4.000")
    assert (ticker["lastPrice"], ticker["markPrice"], ticker["indexPrice"]) == ("100.00", "100.05", "100.05")
    assert ticker["nextFundingTime"] == str(FUNDING_MS)
    assert seen["tickers.BTCUSDT"] == 3  # at 0, 100 and 300 ms


def test_trades_tell_the_last_price_of_a_derived_ticker(tmp_path: Path) -> None:
    story = [frame for frame in STORY if b'"tickers' not in frame[1]]
    state, _ = replayed_state(Replay(record(tmp_path / "r.jsonl", story), start_ms=START_MS, loops=False))

    assert state.ticker("BTCUSDT")["lastPrice"] == "100.10"


def test_a_ticker_gives_the_books_it_lacks(tmp_path: Path) -> None:
    story = [frame for frame in STORY if b'"tickers' in frame[1]]
    state, seen = replayed_state(Replay(record(tmp_path / "r.jsonl", story), start_ms=START_MS, loops=False))

    assert set(seen) == {"tickers.BTCUSDT", "orderbook.1.BTCUSDT", "orderbook.50.BTCUSDT"}
    assert state.written("BTCUSDT", 50) == ([("99.90", "3.000")], [("100.10", "2.000")])
    assert state.written("BTCUSDT", 1) == ([("99.9", "3")], [("100.1", "2")])


def test_a_contract_without_rules_gets_them_from_its_numbers(tmp_path: Path) -> None:
    text = book(0, "snapshot", "0.0712:15 0.0711:200", "0.0713:30", 1)[1].replace(b"BTCUSDT", b"NEWUSDT")
    replay = Replay(record(tmp_path / "r.jsonl", [(0, text)]), start_ms=START_MS)

    (raw,) = replay.instruments

    assert raw["symbol"] == "NEWUSDT"
    assert raw["priceFilter"]["tickSize"] == "0.0001"
    assert raw["lotSizeFilter"]["qtyStep"] == "1"


def test_the_recordings_own_instruments_come_first(tmp_path: Path) -> None:
    own = json.loads(json.dumps(Replay(record(tmp_path / "a.jsonl", STORY), start_ms=0).instruments[0]))
    own["priceFilter"]["tickSize"] = "0.50"
    header = RecordingHeader(created="", environment="x", symbols=("BTCUSDT",), instruments=(own,))
    with RecordingWriter(tmp_path / "b.jsonl", header) as writer:
        writer.append(1, "public.0", STORY[0][1])

    replay = Replay(open_recording(tmp_path / "b.jsonl"), start_ms=0)

    assert replay.instruments == [own]
