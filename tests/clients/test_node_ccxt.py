"""Node's ccxt and ccxt.pro, unmodified, plain and over TLS.

They are no part of the tests' installation: `npm install ccxt` in a folder of its own, and
`SYNTHTEST_NODE=FOLDER`.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

STORY = Path(__file__).parents[1] / "support" / "ccxt_story.mjs"
FOLDER = Path(os.environ.get("SYNTHTEST_NODE", "."))
WITHIN_S = 60.0

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="no `node` on this machine"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "ccxt").is_dir(),
        reason="SYNTHTEST_NODE names no folder with the npm package `ccxt`",
    ),
]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_story(tmp_path, tls):
    path = tmp_path / "ready.json"
    settings = ExchangeSettings(symbols=("BTCUSDT",), seed=7, speed=4.0, tls=tls, ready_file=str(path))
    with ExchangeProcess(settings) as ready:
        trusting = {"NODE_EXTRA_CA_CERTS": ready.ca_file} if tls else {}
        done = subprocess.run(
            ["node", STORY, path],
            cwd=FOLDER,
            env={**os.environ, **trusting},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "contract": "BTCUSDT",
        "book": [50, 50],
        "ticker": True,
        "trade": "BTC/USDT:USDT",
        "candle": 6,
        "watched": True,
        "open": [0.02, 0, "open"],
        "cancelled": "canceled",
        "fill": 0.01,
        "position": ["long", 0.01, True],
        "positions": 0,
        "fills": 2,
        "balance": True,
        "refused": "OrderNotFound",
    }
