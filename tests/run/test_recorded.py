"""A market that is recorded, and traded again from the recording."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from live_run import Place, wait_until

from synthcore.recording import open_recording

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "synthcore" / "data" / "sample.jsonl.gz"
REAL = Path(os.environ.get("SYNTHTEST_SHARED", ROOT.parent / "shared")) / "data" / "bybit"
BOTH = ("--symbols", "BTCUSDT,ETHUSDT")


def test_what_was_recorded_can_be_traded_again(place: Place) -> None:
    file = place.state / "market.jsonl.gz"

    recorded = place.call("record", *BOTH, "--output", str(file), "--duration", "2s")
    frames = list(open_recording(file))
    replayed = place.call("run", *BOTH, "--recording", str(file), "--duration", "3s", "--json")

    assert recorded.code == 0, recorded
    assert f", 0 lost: {file}" in recorded.out
    assert int(recorded.out.split()[0]) >= len(frames) > 20  # replies to subscriptions are messages too
    assert {frame.topic.rpartition(".")[2] for frame in frames} == {"BTCUSDT", "ETHUSDT"}
    times = [frame.recv_ns for frame in frames]
    assert times == sorted(times)
    assert replayed.code == 0, replayed
    assert replayed.summary["successful"] == replayed.summary["trades"] > 0
    assert {trade["symbol"] for trade in replayed.objects("trade")} == {"BTCUSDT", "ETHUSDT"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_recording_that_is_stopped_is_whole(place: Place, number: int) -> None:
    file = place.state / "market.jsonl"
    recording = place.start("record", *BOTH, "--output", str(file))
    wait_until(lambda: file.exists() and '"topic' in file.read_text(), "frames are written")

    recording.signal(number)
    done = recording.finish()

    assert done.code == 0, done
    assert len(list(open_recording(file))) > 0  # the checksum holds
    wait_until(lambda: not place.processes(), "its exchange is gone")


def test_the_shipped_recording_can_be_traded(place: Place) -> None:
    done = place.call("run", *BOTH, "--recording", str(SAMPLE), "--duration", "2s", "--json")

    assert done.code == 0, done
    assert done.summary["flat"] and done.summary["dropped"] == 0
    assert done.summary["successful"] > 0
    assert done.summary["reconnects"] == 0


@pytest.mark.parametrize(
    "name", ["ws_v5_orderbook1_BTCUSDT_20241108.jsonl.gz", "ws_v5_public_20260809_BTC_SOL_DOGE.jsonl.gz"]
)
def test_a_real_recording_can_be_traded(place: Place, name: str) -> None:
    if not (REAL / name).exists():
        pytest.skip(f"{REAL} isn't there: real recordings are not shipped")

    done = place.call(
        "run", "--symbols", "BTCUSDT", "--recording", str(REAL / name), "--duration", "3s", "--json"
    )

    assert done.code == 0, done
    assert done.summary["flat"] and done.summary["successful"] > 0
