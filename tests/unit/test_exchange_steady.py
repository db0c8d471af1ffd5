"""The market that stands still: what clients take of it comes back, and nothing else changes."""

from decimal import Decimal
from itertools import takewhile

import msgspec
import pytest

from synthcore.exchange.steady import PERIOD_NS, SteadyMarket
from synthcore.testing.virtual import VirtualExchange

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
WHOLE_SIDE = "100"  # BTC: 50 levels of 2


@pytest.fixture
def exchange():
    with VirtualExchange(symbols=("BTCUSDT",), wallet_usdt=Decimal(100_000_000)) as exchange:
        yield exchange


def took(exchange, side, qty, **fields):
    """How much of an order is filled."""
    client = exchange.client()
    order = {**LINEAR, "side": side, "orderType": "Market", "qty": qty, **fields}
    answer = exchange.clock.run(client.post("/v5/order/create", **order))
    order_id = answer["result"]["orderId"]
    found = exchange.clock.run(client.get("/v5/order/realtime", **LINEAR, orderId=order_id))
    return found["result"]["list"][0]["cumExecQty"]


def test_a_side_that_is_used_up_is_whole_again_in_the_next_minute(exchange):
    first = [took(exchange, "Buy", WHOLE_SIDE), took(exchange, "Buy", "1")]
    exchange.clock.advance(61)

    assert first == ["100", "0"]
    assert took(exchange, "Buy", WHOLE_SIDE) == "100"


def test_it_is_used_up_until_then(exchange):
    took(exchange, "Buy", WHOLE_SIDE)
    exchange.clock.advance(50)

    assert took(exchange, "Buy", "1") == "0"


def test_a_refill_leaves_a_resting_order_its_place(exchange):
    assert took(exchange, "Buy", "1", orderType="Limit", price="60000") == "0"
    order = next(exchange.inside.venue.core.log(account_of(exchange)).open_orders())
    before = order.ahead_lots
    exchange.clock.advance(130)

    assert before == 2000
    assert (order.ahead_lots, order.filled_lots) == (2000, 0)


def account_of(exchange):
    (account,) = exchange.inside.venue.core.accounts.values()
    return account


def test_the_numbers_of_its_books_rise_by_one():
    frames = takewhile(lambda frame: frame.due_ns < 200 * PERIOD_NS, SteadyMarket(("BTCUSDT",), 0).frames())
    books = [msgspec.json.decode(frame.text) for frame in frames if frame.topic == "orderbook.50.BTCUSDT"]

    assert [book["data"]["u"] for book in books] == list(range(1, 204))  # three minutes began
    assert {book["data"]["b"][0][1] for book in books} == {"2.000", "2.001"}
