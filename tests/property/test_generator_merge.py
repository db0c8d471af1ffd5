"""Whoever merges the generated deltas has the generator's own book, at every push, for any seed."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from synthcore.exchange.market.draws import Draws
from synthcore.exchange.market.instruments import made_up_instruments, shipped_instruments
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.market.symbol_frames import SymbolFrames
from synthcore.exchange.market.symbol_market import SymbolMarket

INSTRUMENTS = [*shipped_instruments(), *made_up_instruments(3)]
START_MS = 1_786_310_400_000


@settings(max_examples=60, deadline=None)
@given(st.integers(), st.sampled_from(INSTRUMENTS), st.integers(50, 400))
def test_merged_books_are_the_generators_own(seed: int, raw: dict, count: int) -> None:
    draws = Draws(seed)
    market = SymbolMarket(raw, draws)
    state = MarketState()

    for frame in islice(SymbolFrames(market, draws, START_MS, 1.0, (50, 200)), count):
        assert state.apply(frame.topic, frame.text)
        if not frame.topic.startswith("orderbook"):
            continue
        depth = int(frame.topic.split(".")[1])
        for ladder, merged in zip(
            (market.bids, market.asks), state.levels(market.symbol, depth), strict=True
        ):
            own = [
                (market.price.step * ladder.sign * key, market.lot.step * lots)
                for key, lots in ladder.best_levels(depth).items()
            ]
            assert list(merged) == own
    assert state.uncrossed == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(), st.sampled_from(INSTRUMENTS), st.integers(20, 400))
def test_merged_tickers_hold_the_best_prices_of_their_moment(seed: int, raw: dict, count: int) -> None:
    draws = Draws(seed)
    market = SymbolMarket(raw, draws)
    state = MarketState()

    for frame in islice(SymbolFrames(market, draws, START_MS, 1.0, (50,)), count):
        state.apply(frame.topic, frame.text)
        if not frame.topic.startswith("tickers."):
            continue
        ticker = state.ticker(market.symbol)
        shown = [Decimal(ticker[name]) for name in ("bid1Price", "bid1Size", "ask1Price", "ask1Size")]
        top = [state.levels(market.symbol, 1)[side][0] for side in (0, 1)]
        assert shown == [*top[0], *top[1]]
        assert json.loads(frame.text)["data"]["symbol"] == market.symbol
