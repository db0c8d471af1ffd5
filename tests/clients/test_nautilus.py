"""nautilus_trader's compiled Bybit clients, unmodified, over plain sockets.

It is no part of the tests' installation: `pip install nautilus_trader` in an environment of its own, and
`SYNTHTEST_NAUTILUS=ENVIRONMENT/bin/python`. Its sockets know no authority but the built-in ones, so that
there is no story over TLS.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

STORY = Path(__file__).parents[1] / "support" / "nautilus_story.py"
PYTHON = os.environ.get("SYNTHTEST_NAUTILUS")
WITHIN_S = 60.0

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="SYNTHTEST_NAUTILUS names no Python that has `nautilus_trader`"
)


def test_the_story(tmp_path):
    path = tmp_path / "ready.json"
    settings = ExchangeSettings(symbols=("BTCUSDT",), seed=7, speed=4.0, ready_file=str(path))
    with ExchangeProcess(settings):
        done = subprocess.run([PYTHON, STORY, path], capture_output=True, text=True, timeout=WITHIN_S)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "trades": True,
        "balance": "100000.00000000 USDT",
        "funding": "FundingRateUpdate",
        "amended": "0.020",
        "open": 1,
        "filled": "0.010",
        "stop": True,
        "position": "0.010",
        "orders": 4,
        "fills": 2,
        "refused": "order not exists or too late to cancel",
    }
