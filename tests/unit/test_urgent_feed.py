"""The feed's thread runs as soon as a frame is there, in every topology, unless a setting says otherwise."""

from __future__ import annotations

import pytest

from synthcore.config import SyntheticConfig
from synthcore.engine.market import MarketSide
from synthcore.strategies.synthetic import SyntheticOpportunityGenerator

NOBODY_THERE = "ws://127.0.0.1:9/v5/public/linear"


def ignore(*what: object) -> None:
    """Nothing is told here."""


@pytest.mark.parametrize("topology", ["inline", "park", "spin"])
@pytest.mark.parametrize("realtime", [True, False])
async def test_the_feed_has_precedence_in_every_topology(topology: str, realtime: bool) -> None:
    config = SyntheticConfig(symbols_to_trade=("BTCUSDT",), topology=topology, realtime=realtime)
    side = MarketSide(NOBODY_THERE, config, SyntheticOpportunityGenerator(config), ignore, ignore)

    with side:
        came = side.feed_precedence

    if "refused" in came.reason:
        pytest.skip(f"the OS refuses it here: {came.reason}")
    assert came == (realtime, "")
