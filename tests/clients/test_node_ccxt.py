"""Node's ccxt and ccxt.pro, unmodified, plain and over TLS.

They are no part of the tests' installation: `npm install ccxt` in a folder of its own, and
`SYNTHTEST_NODE=FOLDER`.
"""

import pytest
from foreign_story import needs_node, told_by_node

pytestmark = needs_node("ccxt")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_story(tmp_path, tls):
    assert told_by_node(tmp_path, "ccxt_story.mjs", tls) == {
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
