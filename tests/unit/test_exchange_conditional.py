"""Conditional orders: they wait, they are set off by the price they name, and only then do they count."""

import json

import pytest
from exchange_edge import Edge
from exchange_world import SYMBOL, World, rows, topics

from synthcore.exchange.market.frames import MarketFrame

RISES, FALLS = 1, 2


def stop(world, side, qty, price=None, *, at, direction, **fields):
    return world.order(side, qty, price, trigger_price=at, trigger_direction=direction, **fields)


def statuses(events):
    return [row.order_status for row in rows(events, "order")]


# Waiting


def test_a_conditional_order_is_told_as_untriggered_with_its_trigger():
    world = World()

    order, events = world.place(
        "Buy", "0.01", trigger_price="61000", trigger_direction=RISES, trigger_by="MarkPrice"
    )

    assert topics(events) == ["order", "position", "wallet"]
    row = rows(events, "order")[0]
    assert (row.order_status, row.stop_order_type, row.create_type) == ("Untriggered", "Stop", "CreateByUser")
    assert (row.trigger_price, row.trigger_by, row.trigger_direction) == ("61000", "MarkPrice", 1)
    assert (row.order_type, row.price, row.leaves_qty) == ("Market", "0", "0.01")
    assert not world.exchange._books[SYMBOL].holds(order)


def test_it_takes_no_margin_while_it_waits():
    world = World(deposit="10")
    before = world.account.margin(world.market.mark).available

    stop(world, "Buy", "1", at="61000", direction=RISES)

    assert world.account.margin(world.market.mark).available == before


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"trigger_price": "x"}, 10001, "params error: triggerPrice invalid"),
        ({"trigger_price": "-1"}, 10001, "params error: triggerPrice invalid"),
        ({"trigger_price": "61000.05"}, 110003, "price is invalid"),
        ({"trigger_direction": None}, 10001, "params error: triggerDirection invalid"),
        ({"trigger_direction": 3}, 10001, "params error: triggerDirection invalid"),
        ({"trigger_by": "Moon"}, 10001, "params error: triggerBy invalid"),
        (
            {"trigger_price": "60000"},
            110092,
            "expect Rising, but trigger_price[600000000] <= current[600000000]??LastPrice",
        ),
        (
            {"trigger_direction": FALLS, "trigger_by": "MarkPrice"},
            110093,
            "expect Falling, but trigger_price[610000000] >= current[600000000]??MarkPrice",
        ),
        ({"position_idx": 1}, 10001, "position idx not match position mode"),
        ({"qty": "0.0001"}, 10001, "The number of contracts exceeds minimum limit allowed"),
        ({"price": "1000", "order_type": "Limit", "qty": "0.004"}, 110094, None),
    ],
)
def test_a_conditional_order_is_refused_with_bybits_code_and_words(fields, code, message):
    world = World()
    terms = {"qty": "0.01", "price": None, "trigger_price": "61000", "trigger_direction": RISES, **fields}

    refusal = world.refused("Buy", terms.pop("qty"), terms.pop("price"), **terms)

    assert refusal.code == code
    assert message in (None, refusal.message)


def test_each_source_is_compared_with_its_own_price():
    world = World()
    world.ticker(mark="60000", last="62000", index="58000")

    def code(by):
        result, _ = world.place("Buy", "0.01", trigger_price="61000", trigger_direction=RISES, trigger_by=by)
        return getattr(result, "code", 0)

    assert [code("LastPrice"), code("MarkPrice"), code("IndexPrice")] == [110092, 0, 0]


def test_the_eleventh_of_a_symbol_is_refused():
    world = World(symbols=("BTCUSDT", "ETHUSDT"))
    world.ticker("ETHUSDT", mark="3000")
    for _ in range(10):
        first = stop(world, "Buy", "0.01", at="61000", direction=RISES)

    refusal = world.refused("Buy", "0.01", trigger_price="61000", trigger_direction=RISES)
    other = stop(world, "Buy", "0.1", symbol="ETHUSDT", at="3100", direction=RISES)
    world.cancel(first)

    assert (refusal.code, other.status) == (110009, "Untriggered")
    assert stop(world, "Buy", "0.01", at="61000", direction=RISES).status == "Untriggered"


def test_it_does_not_count_as_an_active_order():
    world = World(deposit="10000000")
    for _ in range(500):
        world.order("Buy", "0.001", "59000")

    assert stop(world, "Buy", "0.01", at="61000", direction=RISES).status == "Untriggered"


# Set off


def test_a_market_order_passes_through_triggered_and_fills():
    world = World()
    order = stop(world, "Buy", "0.01", at="60500", direction=RISES)

    nothing = world.ticker(mark="60000", last="60499.9")
    events = world.ticker(mark="60000", last="60500")

    assert nothing == []
    assert statuses(events) == ["Triggered", "Filled"]
    assert topics(events) == ["order", "execution", "order", "position", "wallet"]
    filled = rows(events, "order")[1]
    assert (filled.create_type, filled.stop_order_type) == ("CreateByStopOrder", "Stop")
    execution = rows(events, "execution")[0]
    assert (execution.stop_order_type, execution.create_type) == ("Stop", "CreateByStopOrder")
    assert world.position().lots == order.filled_lots == 10


def test_a_limit_order_rests_once_it_is_set_off():
    world = World()
    order = stop(world, "Buy", "0.01", "59000", at="59500", direction=FALLS)

    events = world.ticker(mark="60000", last="59400")

    assert statuses(events) == ["Triggered", "New"]
    assert world.exchange._books[SYMBOL].holds(order)
    assert world.account.margin(world.market.mark).order_im > 0


@pytest.mark.parametrize(
    ("by", "prices"),
    [
        ("LastPrice", {"last": "61000", "mark": "60000", "index": "60000"}),
        ("MarkPrice", {"last": "60000", "mark": "61000", "index": "60000"}),
        ("IndexPrice", {"last": "60000", "mark": "60000", "index": "61000"}),
    ],
)
def test_only_the_named_price_sets_it_off(by, prices):
    world = World()
    order = stop(world, "Buy", "0.01", at="61000", direction=RISES, trigger_by=by)
    others = {name: "61000" if price == "60000" else "60000" for name, price in prices.items()}

    world.ticker(**others)
    still = order.status
    world.ticker(**prices)

    assert (still, order.status) == ("Untriggered", "Filled")


def test_a_print_of_the_market_sets_off_a_last_price_order():
    world = World()
    order = stop(world, "Sell", "0.01", at="59800", direction=FALLS)

    assert world.exchange.wants_trades(SYMBOL)
    world.trade("Sell", "59799.9", "0.5")

    assert order.status == "Filled"
    assert not world.exchange.wants_trades(SYMBOL)


def test_orders_are_set_off_in_the_order_in_which_they_came():
    world = World()
    first = stop(world, "Buy", "0.01", at="61000", direction=RISES)
    second = stop(world, "Buy", "0.01", at="60500", direction=RISES)

    events = world.ticker(mark="60000", last="61000")

    triggered = [row.order_id for row in rows(events, "order") if row.order_status == "Triggered"]
    assert triggered == [first.order_id, second.order_id]


def test_the_bound_of_a_market_order_is_that_of_the_moment():
    world = World()
    order = stop(world, "Buy", "0.01", at="61000", direction=RISES)

    world.ticker(mark="61000")

    assert order.contract.price_text(order.price_ticks) == "61610"


def test_it_is_cancelled_when_margin_is_short_at_the_trigger():
    world = World(deposit="100")
    order = stop(world, "Buy", "1", at="61000", direction=RISES)

    events = world.ticker(mark="60000", last="61000")

    assert statuses(events) == ["Triggered", "Cancelled"]
    assert (order.cancel_type, order.filled_lots) == ("UNKNOWN", 0)
    assert world.exchange.log(world.account).open_count(SYMBOL) == 0


def test_a_reduce_only_one_needs_its_position_at_the_trigger_only():
    world = World()
    order = stop(world, "Sell", "0.05", at="59500", direction=FALLS, reduce_only=True)
    without = stop(world, "Buy", "0.05", at="60500", direction=RISES, reduce_only=True)
    world.order("Buy", "0.02")

    world.ticker(mark="60000", last="60500")
    world.ticker(mark="60000", last="59500")

    assert (without.status, without.cancel_type) == ("Cancelled", "CancelByReduceOnly")
    assert (order.status, order.filled_lots) == ("Filled", 20)
    assert world.position().lots == 0


def test_quantity_0_closes_the_whole_position_at_the_trigger():
    world = World()
    order = stop(world, "Sell", "0", at="59500", direction=FALLS, reduce_only=True, close_on_trigger=True)
    world.order("Buy", "0.03")

    world.ticker(mark="60000", last="59500")

    assert (order.status, order.filled_lots, world.position().lots) == ("Filled", 30, 0)


# Ends and changes


def test_cancelled_before_the_trigger_it_is_deactivated():
    world = World()
    order = stop(world, "Buy", "0.01", at="61000", direction=RISES)

    _, events = world.cancel(order)
    after = world.ticker(mark="62000")

    row = rows(events, "order")[0]
    assert (row.order_status, row.cancel_type, row.leaves_qty) == ("Deactivated", "CancelByUser", "0")
    assert after == []


@pytest.mark.parametrize(
    ("fields", "gone"),
    [
        ({"symbol": SYMBOL}, {"limit", "stop"}),
        ({"symbol": SYMBOL, "order_filter": "Order"}, {"limit"}),
        ({"symbol": SYMBOL, "order_filter": "StopOrder"}, {"stop"}),
        ({"symbol": SYMBOL, "order_filter": "StopOrder", "stop_order_type": "Stop"}, {"stop"}),
        ({"settle_coin": "USDT"}, {"limit", "stop"}),
        ({"base_coin": "BTC", "order_filter": "OpenOrder"}, {"limit", "stop"}),
        ({"base_coin": "ETH"}, set()),
        ({"symbol": SYMBOL, "order_filter": "tpslOrder"}, set()),
    ],
)
def test_cancel_all_takes_what_its_filter_means(fields, gone):
    world = World()
    world.order("Buy", "0.01", "59000", order_link_id="limit")
    stop(world, "Buy", "0.01", at="61000", direction=RISES, order_link_id="stop")

    orders, _ = world.cancel_all(**fields)

    assert {order.link_id for order in orders} == gone


def test_an_unknown_filter_is_refused():
    world = World()
    world.order("Buy", "0.01", "59000")

    result, _ = world.cancel_all(symbol=SYMBOL, order_filter="Everything")

    assert result.message == "params error: orderFilter invalid"


def test_it_can_be_amended_while_it_waits():
    world = World()
    order = stop(world, "Buy", "0.01", "60900", at="61000", direction=RISES)

    _, events = world.amend(order, qty="0.02", price="60950", trigger_price="60500", trigger_by="MarkPrice")
    wrong_side, _ = world.amend(order, trigger_price="59000")
    unchanged, _ = world.amend(order, trigger_price="60500")

    row = rows(events, "order")[0]
    assert (row.order_status, row.qty, row.price) == ("Untriggered", "0.02", "60950")
    assert (row.trigger_price, row.trigger_by) == ("60500", "MarkPrice")
    assert (wrong_side.code, unchanged.code) == (110092, 10001)
    world.ticker(mark="60500", last="60000")
    assert order.status == "Filled"


def test_it_blocks_a_switch_of_the_position_mode():
    world = World()
    stop(world, "Buy", "0.01", at="61000", direction=RISES)

    assert world.switch_mode(3).code == 110028


def test_a_ticker_of_the_market_sets_off_a_conditional_order_and_its_user_hears_it(monkeypatch):
    edge, heard = Edge(monkeypatch), []
    monkeypatch.setattr(edge.venue.outbox, "_deliver", heard.extend)
    edge.place(triggerPrice="60500", triggerDirection=1, orderType="Market")
    ticker = {"topic": "tickers.BTCUSDT", "type": "delta", "ts": 1, "data": {"lastPrice": "60500"}}

    edge.venue.apply(MarketFrame(0, "tickers.BTCUSDT", json.dumps(ticker).encode()))

    rows = [row for event in heard if event.message.topic == "order" for row in event.message.data]
    assert [row.order_status for row in rows] == ["Untriggered", "Triggered", "Filled"]
