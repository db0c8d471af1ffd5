from decimal import Decimal

import pytest

from synthcore.errors import ConfigError
from synthcore.model import Instrument
from synthcore.risk.sizing import entry_qty, marketable_price, passive_price, smallest_notional

BTC = Instrument(
    symbol="BTCUSDT",
    tick_size=Decimal("0.10"),
    qty_step=Decimal("0.001"),
    min_qty=Decimal("0.001"),
    max_qty=Decimal(1500),
    max_market_qty=Decimal(150),
    min_notional=Decimal(5),
)
COARSE = Instrument(
    symbol="COARSE",
    tick_size=Decimal("0.010"),
    qty_step=Decimal(1),
    min_qty=Decimal(2),
    max_qty=Decimal(1000),
    max_market_qty=Decimal(1000),
    min_notional=Decimal(5),
)


@pytest.mark.parametrize(
    ("notional", "price", "qty"),
    [
        (1000, 60000.0, "0.016"),
        (1000, 107089.15, "0.009"),
        (61.0, 60999.9, "0.001"),
        (60.9999, 60999.9, "0.001"),
    ],
)
def test_quantity_is_rounded_down_to_the_lot(notional, price, qty):
    assert entry_qty(BTC, notional, price) == Decimal(qty)


def test_a_size_under_the_minimum_names_the_smallest_that_works():
    with pytest.raises(ConfigError, match=r"at least 61 USDT for BTCUSDT at 60999.9, was 10: raise it"):
        entry_qty(BTC, 10, 60999.9)


def test_a_size_over_the_maximum_is_refused():
    with pytest.raises(ConfigError, match="at most 9000000"):
        entry_qty(BTC, 20_000_000, 60000.0)


@pytest.mark.parametrize("price", [0.3, 1.7, 4.99, 60000.1])
def test_the_smallest_notional_is_accepted(price):
    for instrument in (BTC, COARSE):
        assert entry_qty(instrument, float(smallest_notional(instrument, price)), price) >= instrument.min_qty


def test_a_marketable_price_goes_through_the_book_and_no_further():
    buy = marketable_price(BTC, "Buy", 59999.9, 60000.0, 5.0)
    sell = marketable_price(BTC, "Sell", 59999.9, 60000.0, 5.0)

    assert buy == Decimal("60030.0")
    assert sell == Decimal("59970.0")  # 59969.90005, up to the tick


def test_a_coarse_tick_still_reaches_the_best_price():
    assert marketable_price(COARSE, "Buy", 1.23, 1.24, 5.0) == Decimal("1.24")
    assert marketable_price(COARSE, "Sell", 1.23, 1.24, 5.0) == Decimal("1.23")


def test_a_passive_price_is_rounded_to_safety():
    assert passive_price(BTC, "Buy", 59850.07) == Decimal("59850.0")
    assert passive_price(BTC, "Sell", 60150.01) == Decimal("60150.1")
