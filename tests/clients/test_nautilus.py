"""nautilus_trader's compiled Bybit clients, unmodified, over plain sockets.

It is no part of the tests' installation: `pip install nautilus_trader` in an environment of its own, and
`SYNTHTEST_NAUTILUS=ENVIRONMENT/bin/python`. Its sockets know no authority but the built-in ones, so that
there is no story over TLS.
"""

import os

import pytest
from foreign_story import told

PYTHON = os.environ.get("SYNTHTEST_NAUTILUS")

pytestmark = pytest.mark.skipif(
    not PYTHON, reason="SYNTHTEST_NAUTILUS names no Python that has `nautilus_trader`"
)


def test_the_story(tmp_path):
    assert told(tmp_path, [PYTHON], "nautilus_story.py") == {
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
