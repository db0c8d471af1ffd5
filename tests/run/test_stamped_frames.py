"""An exchange that stamps its frames, and a run that tells how long they took from there into its ring."""

import json
import subprocess
import sys
import time

import msgspec
from websockets.sync.client import connect

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

RUN = [sys.executable, "-m", "synthcli", "run", "--symbols", "BTCUSDT", "--duration", "1s", "--json"]


def summary_of(exchange, folder):
    ready = folder / "ready.json"
    ready.write_text(msgspec.json.encode(exchange).decode())
    ready.chmod(0o600)
    done = subprocess.run(
        [*RUN, "--attach", str(ready), "--state", str(folder)], capture_output=True, text=True, timeout=60
    )
    return json.loads(done.stdout.splitlines()[-1])


def frames_of(exchange, count):
    with connect(exchange.ws_public) as client:
        client.send(json.dumps({"op": "subscribe", "args": ["orderbook.1.BTCUSDT"]}))
        frames = []
        while len(frames) < count:
            text = client.recv(timeout=10)
            if '"type":"delta"' in text or '"type":"snapshot"' in text:
                frames.append((json.loads(text), time.monotonic_ns()))
        return frames[1:]  # the first is the snapshot of the subscription


def test_each_frame_bears_the_time_of_its_writing_and_a_run_reports_the_way_of_all(tmp_path):
    with ExchangeProcess(ExchangeSettings(stamp_frames=True, position_mode="hedge")) as exchange:
        frames = frames_of(exchange, 6)
        latency_ns = summary_of(exchange, tmp_path)["latency_ns"]

    stamps = [int(frame["sentNs"]) for frame, _ in frames]
    assert stamps == sorted(stamps)
    assert all(0 < came_ns - stamp < 10**9 for stamp, (_, came_ns) in zip(stamps, frames, strict=True))
    count = latency_ns["sent_to_queue"]["count"]  # of those that came while it traded
    assert 0.5 * latency_ns["ws_to_queue"]["count"] <= count < latency_ns["ws_to_queue"]["count"]
    assert latency_ns["sent_to_queue"]["p50"] > latency_ns["ws_to_queue"]["p50"]


def test_without_stamps_there_is_nothing_to_tell(tmp_path):
    with ExchangeProcess(ExchangeSettings(position_mode="hedge")) as exchange:
        assert all("sentNs" not in frame for frame, _ in frames_of(exchange, 3))
        assert "sent_to_queue" not in summary_of(exchange, tmp_path)["latency_ns"]
