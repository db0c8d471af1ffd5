"""What a feed receives is what the file holds."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from public_server import PublicServer, Running, snapshot, ticker, until

from synthcore.errors import RecordingError
from synthcore.feed.connector import BybitWebSocketConnector
from synthcore.feed.recorder import FeedRecorder
from synthcore.feed.settings import LinkSettings
from synthcore.recording import open_recording

QUICK = LinkSettings(check_interval_s=0.005)


@pytest.fixture
async def server() -> AsyncIterator[PublicServer]:
    async with PublicServer() as server:
        yield server


async def test_the_file_holds_each_frame_as_it_came_and_when(server: PublicServer, tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl.gz"
    odd = b'{"topic":"tickers.BTCUSDT", "type":"delta","data":{"symbol":"BTCUSDT"},"ts":2}'
    begun_ns = time.time_ns()

    with FeedRecorder(path, environment="embedded", symbols=["BTCUSDT"]) as recorder:
        connector = BybitWebSocketConnector(
            server.url, ["BTCUSDT"], ["tickers"], tap=recorder.tap, settings=QUICK
        )
        async with Running(connector.run()):
            await until(connector.ready.is_set)
            server.session.send(odd, b"\xffnot text")
            await until(lambda: connector.counters().received == 4)
    recording = open_recording(path)

    assert recording.header.environment == "embedded"
    assert recording.header.symbols == ("BTCUSDT",)
    assert [frame.text for frame in recording] == [snapshot("BTCUSDT"), odd]
    assert begun_ns <= recording.first_ns <= recording.last_ns <= time.time_ns()
    assert recording.census.control["ack"] == 1
    assert recording.census.skipped["malformed frame"] == 1
    assert recorder.lost == 0


def test_when_the_disk_is_too_slow_the_feed_goes_on_and_the_loss_is_counted(tmp_path: Path) -> None:
    recorder = FeedRecorder(tmp_path / "feed.jsonl", environment="embedded", symbols=["BTCUSDT"], waiting=3)

    for i in range(5):  # nobody writes yet: as slow as can be
        recorder.tap(i, 0, ticker("BTCUSDT", "delta", i))
    recorder.start()
    recorder.close()

    assert (recorder.lost, recorder.written) == (2, 3)
    assert len(list(open_recording(tmp_path / "feed.jsonl"))) == 3
    assert "recorder" not in [thread.name for thread in threading.enumerate()]


def test_a_full_disk_ends_the_recording_with_the_reason_and_holds_nobody_up(tmp_path: Path) -> None:
    recorder = FeedRecorder(tmp_path / "feed.jsonl", environment="embedded", symbols=["BTCUSDT"])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for i in range(2_000):
        recorder.tap(i, 0, snapshot("BTCUSDT", ts=i))

    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, hard))  # the system refuses the next write
    try:
        recorder.start()
        with pytest.raises(RecordingError, match="can't write the recording"):
            recorder.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert recorder.error is not None
    assert recorder.lost > 0
    assert "recorder" not in [thread.name for thread in threading.enumerate()]


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_text("precious")

    with pytest.raises(RecordingError, match="exists"):
        FeedRecorder(path, environment="embedded", symbols=["BTCUSDT"])

    assert path.read_text() == "precious"
