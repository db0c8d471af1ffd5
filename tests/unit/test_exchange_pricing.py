"""Prices that an order does not name itself: slippage of market orders, best bid and offer."""

import pytest
from exchange_world import World, rows


@pytest.mark.parametrize(
    ("kind", "amount", "side", "bound"),
    [
        ("TickSize", "1", "Buy", "60000.2"),
        ("TickSize", "10000", "Buy", "60600"),  # no further than without it
        ("Percent", "0.05", "Buy", "60030.1"),
        ("TickSize", "3", "Sell", "59999.6"),
        ("Percent", "0.05", "Sell", "59970"),
    ],
)
def test_slippage_narrows_the_bound_of_a_market_order(kind, amount, side, bound):
    world = World()

    order, events = world.place(side, "0.01", slippage_tolerance_type=kind, slippage_tolerance=amount)

    row = rows(events, "order")[0]
    assert (row.price, row.slippage_tolerance_type, row.slippage_tolerance) == (bound, kind, amount)
    assert order.status == "Filled"


def test_what_is_beyond_the_slippage_is_cancelled():
    world = World()

    order = world.order("Buy", "1.5", slippage_tolerance_type="TickSize", slippage_tolerance="0001")
    rest = world.order("Buy", "2.5", slippage_tolerance_type="TickSize", slippage_tolerance="1")

    assert (order.status, order.filled_lots) == ("Filled", 1500)
    assert (rest.status, rest.filled_lots) == ("Cancelled", 1500)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"slippage_tolerance_type": "Points", "slippage_tolerance": "1"}, "slippageToleranceType"),
        ({"slippage_tolerance_type": "TickSize"}, "slippageTolerance"),
        ({"slippage_tolerance_type": "TickSize", "slippage_tolerance": "0"}, "slippageTolerance"),
        ({"slippage_tolerance_type": "TickSize", "slippage_tolerance": "10001"}, "slippageTolerance"),
        ({"slippage_tolerance_type": "TickSize", "slippage_tolerance": "1.5"}, "slippageTolerance"),
        ({"slippage_tolerance_type": "Percent", "slippage_tolerance": "0.001"}, "slippageTolerance"),
        ({"slippage_tolerance_type": "Percent", "slippage_tolerance": "11"}, "slippageTolerance"),
        (
            {"slippage_tolerance_type": "TickSize", "slippage_tolerance": "1", "price": "60000"},
            "slippageToleranceType",
        ),
        ({"price": "60000", "bbo_side_type": "Mine", "bbo_level": "1"}, "bboSideType"),
        ({"price": "60000", "bbo_side_type": "Queue", "bbo_level": "6"}, "bboLevel"),
        ({"price": "60000", "bbo_side_type": "Queue"}, "bboLevel"),
        ({"bbo_side_type": "Queue", "bbo_level": "1"}, "bboSideType"),
    ],
)
def test_what_cannot_be_is_refused_by_name(fields, field):
    refusal = World().refused("Buy", "0.01", fields.pop("price", None), **fields)

    assert (refusal.code, refusal.message) == (10001, f"params error: {field} invalid")


@pytest.mark.parametrize(
    ("side", "of_side", "level", "price", "status"),
    [
        ("Buy", "Queue", "1", "59999.9", "New"),
        ("Buy", "Queue", "2", "59999.8", "New"),
        ("Buy", "Counterparty", "1", "60000.1", "Filled"),
        ("Sell", "Queue", "2", "60000.2", "New"),
        ("Sell", "Counterparty", "2", "59999.8", "Filled"),
    ],
)
def test_an_order_takes_its_price_from_the_book(side, of_side, level, price, status):
    world = World()

    order, events = world.place(side, "0.01", order_type="Limit", bbo_side_type=of_side, bbo_level=level)

    row = rows(events, "order")[0]
    assert (row.price, row.order_status, row.create_type) == (price, status, "CreateByBboOrder")
    assert order.order_type == "Limit"


def test_a_level_that_is_not_shown_has_no_price():
    world = World()

    refusal = world.refused("Buy", "0.01", order_type="Limit", bbo_side_type="Queue", bbo_level="5")

    assert refusal.code == 110118
