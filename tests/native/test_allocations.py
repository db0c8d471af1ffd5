"""From a frame's bytes to the decision nothing is allocated, neither by C nor by Python."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UPDATES = 1_000_000
AROUND = 100  # allocations of the measuring call itself
IN_PYTHON = """
import ctypes, json, sys
from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore._core.ticker import TickerParser
from synthcore.bench.loops import take_frames
from synthcore.qualification import QualificationRules

count = ctypes.CDLL(None).allocations
count.restype = ctypes.c_long
kernel = Kernel(1, QualificationRules(), cool_down_ns=0)
kernel.set_inputs(0, spread_bps=50.0, funding_delta=0.0075, position_size=1000.0, fees_bps=11.0)
pipeline = Pipeline(kernel)
pipeline.start(sys.argv[1])
parser = TickerParser(["BTCUSDT"])
frames = [frame.encode() for frame in json.loads(sys.argv[2])]
repeats = int(sys.argv[3]) // len(frames)
take_frames(parser, pipeline, frames, 1)
before = count()
_, emitted = take_frames(parser, pipeline, frames, repeats)
between = count() - before
pipeline.stop()
boxed = count()
[object() for _ in range(1000)]
print(json.dumps({"allocations": between, "emitted": emitted, "qualified": kernel.funnel()["qualified"],
                  "sees_objects": count() - boxed}))
"""

FRAMES_OF_THE_LANE = """
import ctypes, json, sys
from synthcore.bench.by_lane import lane_of
from synthcore.bench.loops import write_frames
from synthcore.bench.orders import ORDER

count = ctypes.CDLL(None).allocations
count.restype = ctypes.c_long
lane = lane_of(ORDER)
write_frames(lane, 60000.0, 60000.1, 1)
before = count()
write_frames(lane, 60000.0, 60000.1, int(sys.argv[1]))
print(json.dumps({"allocations": count() - before}))
"""


@pytest.fixture(scope="module")
def counter(tmp_path_factory):
    library = tmp_path_factory.mktemp("allocations") / "allocations.so"
    source = str(Path(__file__).with_name("allocations.c"))
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", source, "-o", str(library)], check=True, timeout=60)
    return library


def frames():
    """Snapshots of one moment, each with another bid."""
    return [
        json.dumps(
            {
                "topic": "tickers.BTCUSDT",
                "type": "snapshot",
                "data": {
                    "symbol": "BTCUSDT",
                    "bid1Price": f"63040.{n}0",
                    "bid1Size": "3.323",
                    "ask1Price": "63041.90",
                    "ask1Size": "4.686",
                },
                "ts": 1_786_639_170_499,
            },
            separators=(",", ":"),
        )
        for n in range(10)
    ]


@pytest.mark.parametrize("topology", ["inline", "park"])
def test_an_update_allocates_nothing(counter, topology):
    found = counted(counter, IN_PYTHON, topology, json.dumps(frames()), str(UPDATES))

    assert found["emitted"] == UPDATES
    assert found["qualified"] > 0
    assert found["sees_objects"] >= 1000
    assert found["allocations"] < AROUND


def test_a_trade_of_the_fast_lane_allocates_nothing_up_to_its_frames(counter):
    assert counted(counter, FRAMES_OF_THE_LANE, str(UPDATES))["allocations"] < AROUND


def counted(counter, script, *words):
    """What a script prints, in a process whose allocations are counted."""
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        cwd=ROOT,
        env=os.environ | {"LD_PRELOAD": str(counter), "PYTHONMALLOC": "malloc"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
