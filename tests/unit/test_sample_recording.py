from __future__ import annotations

import gzip
from pathlib import Path

from synthcore.exchange.market.replay import Replay
from synthcore.exchange.market.sample import SAMPLE, SECONDS, SYMBOLS, write_sample
from synthcore.exchange.market.state import MarketState
from synthcore.recording import open_recording


def test_the_sample_that_ships_is_made_again_line_for_line(tmp_path: Path) -> None:
    again = tmp_path / "sample.jsonl.gz"

    write_sample(again)

    # The lines, not the packed bytes: those depend on the zlib at hand.
    assert gzip.decompress(again.read_bytes()) == gzip.decompress(SAMPLE.read_bytes())


def test_the_sample_is_small_and_whole() -> None:
    recording = open_recording(SAMPLE)

    assert SAMPLE.stat().st_size < 600_000
    assert recording.is_finished
    assert recording.header.symbols == recording.symbols == SYMBOLS
    kinds = ("orderbook.1", "orderbook.50", "publicTrade", "tickers")
    assert set(recording.topics) == {f"{kind}.{symbol}" for kind in kinds for symbol in SYMBOLS}
    assert recording.last_ns - recording.first_ns > (SECONDS - 1) * 1e9


def test_the_sample_replays_without_a_loss() -> None:
    recording = open_recording(SAMPLE)
    replay = Replay(recording, start_ms=1_800_000_000_000, loops=False)
    state = MarketState()

    for frame in replay.frames():
        assert state.apply(frame.topic, frame.text)

    assert replay.emitted == recording.census.frames
    assert not replay.skipped
    assert not replay.derived
    assert state.uncrossed == 0
