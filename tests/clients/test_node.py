"""The Node packages `bybit-api` (REST, streams, trade socket) and `ws`, unmodified, plain and over TLS.

They are no part of the tests' installation: `npm install bybit-api ws` in a folder of its own, and
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

STORY = Path(__file__).parents[1] / "support" / "client_story.mjs"
FOLDER = Path(os.environ.get("SYNTHTEST_NODE", "."))
WITHIN_S = 60.0

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="no `node` on this machine"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "bybit-api").is_dir(),
        reason="SYNTHTEST_NODE names no folder with the npm packages `bybit-api` and `ws`",
    ),
]


def told(tmp_path, tls):
    """What the story was told by an exchange."""
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
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_story(tmp_path, tls):
    said = told(tmp_path, tls)

    said.pop("browser", None)  # newer versions of Node have a browser's `WebSocket`, too
    assert said == {
        "reconnects": 0,
        "time": "number",
        "instrument": "BTCUSDT",
        "book": 50,
        "candle": 7,
        "equity": True,
        "made": "OK",
        "limit": 10,
        "amended": "OK",
        "resting": "0.02",
        "cancelled": "OK",
        "refused": 110001,
        "bought": "OK",
        "fill": "0.01",
        "stop": "OK",
        "position": "0.01",
        "closed": "OK",
        "trades": 2,
        "ended": "node-1",
        "wallet": "UNIFIED",
        "streams": 4,
        "socketMade": "OK",
        "socketAmended": "OK",
        "socketCancelled": "OK",
        "socketRefused": 110001,
        "batch": [0, 10001],
        "plain": [True, "orderbook.1.BTCUSDT"],
    }
