"""The Node packages `bybit-api` (REST, streams, trade socket) and `ws`, unmodified, plain and over TLS.

They are no part of the tests' installation: `npm install bybit-api ws` in a folder of its own, and
`SYNTHTEST_NODE=FOLDER`.
"""

import pytest
from foreign_story import needs_node, told_by_node

pytestmark = needs_node("bybit-api", "ws")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_story(tmp_path, tls):
    said = told_by_node(tmp_path, "client_story.mjs", tls)

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
