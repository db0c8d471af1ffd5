"""The price band: mark, index and the averaged premium, as Bybit's formula has them."""

from decimal import Decimal

import msgspec
import pytest

from synthcore.exchange.band import Bands, price_band
from synthcore.exchange.contract import contract_of
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.market.state import MarketState

CONTRACT = contract_of(instruments_for(["BTCUSDT"])[0])  # X 1 %, Y 2 %


def market_of(*ticks, mark="60000", index="60000"):
    """A market with a ticker at each (time, bid, ask)."""
    market = MarketState()
    for ts_ms, bid, ask in ticks:
        data = {"markPrice": mark, "indexPrice": index, "lastPrice": mark, "bid1Price": bid, "ask1Price": ask}
        frame = {"topic": "tickers.BTCUSDT", "type": "snapshot", "data": data, "cs": 1, "ts": ts_ms}
        assert market.apply("tickers.BTCUSDT", msgspec.json.encode(frame))
    return market


def band_of(market):
    band = price_band(market, CONTRACT)
    return tuple(CONTRACT.price(ticks) for ticks in (band.highest_buy, band.lowest_sell))


@pytest.mark.parametrize(
    ("bid", "ask", "index", "band"),
    [
        ("59999", "60001", "60000", ("60600", "59400")),  # no premium
        ("60100", "60102", "60000", ("60701", "59400")),  # 101 above
        ("59900", "59902", "60000", ("60600", "59301")),  # 99 below
        ("61000", "61002", "60000", ("61200", "59400")),  # no further than Y
        ("59999", "60001", "60900", ("60900", "59400")),  # the index is further away than X
        ("59999", "60001", "58000", ("60600", "58800")),  # and no further than Y
    ],
)
def test_the_band_is_bybits_formula(bid, ask, index, band):
    market = market_of((1_000, bid, ask), index=index)

    assert band_of(market) == tuple(Decimal(price) for price in band)


def test_the_premium_is_an_average_of_one_sample_a_second():
    market = market_of(
        (1_000, "60100", "60100"),
        (1_900, "69000", "69000"),  # the same second
        (2_000, "60200", "60200"),
    )

    assert market.premium("BTCUSDT") == 150


def test_samples_are_forgotten_after_half_a_minute():
    market = market_of((1_000, "60300", "60300"), (30_000, "60100", "60100"), (31_000, "60200", "60200"))

    assert market.premium("BTCUSDT") == 150


def test_a_market_that_begins_again_begins_its_average_again():
    market = market_of((90_000, "60300", "60300"), (1_000, "60100", "60100"))

    assert market.premium("BTCUSDT") == 100


def test_a_ticker_without_prices_is_no_sample():
    market = market_of((1_000, "", "x"))

    assert market.premium("BTCUSDT") == market.premium("ETHUSDT") == 0


def test_a_band_that_is_kept_moves_with_its_prices():
    market = market_of((1_000, "59999", "60001"))
    bands = Bands(market)
    before = bands.of(CONTRACT)

    data = {"markPrice": "61000", "indexPrice": "61000"}
    frame = {"topic": "tickers.BTCUSDT", "type": "delta", "data": data, "cs": 2, "ts": 1_000}
    assert market.apply("tickers.BTCUSDT", msgspec.json.encode(frame))

    assert bands.of(CONTRACT) == price_band(market, CONTRACT) != before
