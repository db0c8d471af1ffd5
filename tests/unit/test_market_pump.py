"""When market frames are applied: in time while they concern anybody, else by and by, or at a call."""

from itertools import takewhile

import pytest

from synthcore.exchange.market.state import MarketState
from synthcore.testing.virtual import VirtualExchange

BOOK = "orderbook.50.BTCUSDT"
LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
ASLEEP_S = 0.37  # less than an unwatched market may be late


@pytest.fixture
def exchange():
    with VirtualExchange(market="generator", symbols=("BTCUSDT",)) as exchange:
        yield exchange


def market_at(exchange, passed_s):
    """The market with every frame that is due by then."""
    venue = exchange.inside.venue
    state = MarketState()
    due_ns = passed_s * 1e9
    for frame in takewhile(lambda frame: frame.due_ns <= due_ns, exchange.inside._markets[0].source.frames()):
        state.apply(frame.topic, frame.text)
    return state, venue.market


def test_a_call_finds_the_market_of_its_moment_though_nobody_was_connected(exchange):
    exchange.clock.advance(3)
    exchange.clock.advance(ASLEEP_S)
    now, before = market_at(exchange, exchange.clock.time.monotonic_s())
    assert before.numbers("BTCUSDT", 50) != now.numbers("BTCUSDT", 50)

    exchange.clock.run(exchange.client().get("/v5/market/time"))

    assert before.numbers("BTCUSDT", 50) == now.numbers("BTCUSDT", 50)
    assert list(before.bids("BTCUSDT")) == list(now.bids("BTCUSDT"))


def test_an_open_socket_hears_of_frames_when_they_are_due(exchange):
    exchange.connect("/v5/public/linear")
    exchange.clock.advance(3 + ASLEEP_S)

    now, applied = market_at(exchange, exchange.clock.time.monotonic_s())

    assert applied.numbers("BTCUSDT", 50) == now.numbers("BTCUSDT", 50)


@pytest.mark.parametrize(
    "order",
    [
        {"side": "Buy", "orderType": "Limit", "price": "6000", "timeInForce": "PostOnly"},
        {"side": "Sell", "orderType": "Market", "triggerPrice": "6000", "triggerDirection": 2},
        {"side": "Buy", "orderType": "Market"},
    ],
    ids=["that rests", "that waits", "that became a position"],
)
def test_an_order_finds_frames_when_they_are_due_though_nobody_is_connected(exchange, order):
    exchange.clock.advance(3)
    create = exchange.client().post("/v5/order/create", **LINEAR, qty="0.001", **order)
    assert exchange.clock.run(create)["retCode"] == 0
    exchange.clock.advance(ASLEEP_S)

    now, applied = market_at(exchange, exchange.clock.time.monotonic_s())

    assert list(applied.bids("BTCUSDT")) == list(now.bids("BTCUSDT"))
    assert applied.numbers("BTCUSDT", 50)[0] == now.numbers("BTCUSDT", 50)[0]


def test_a_market_that_breaks_off_under_a_call_ends_its_pump_and_not_the_call(exchange):
    exchange.clock.advance(3)
    pump = exchange.inside.beside[1]
    market = exchange.inside._markets[0]
    exchange.clock.advance(ASLEEP_S)

    def broken(topic, text):
        raise RuntimeError("no more frames")

    market.venues[0].market.apply = broken
    answer = exchange.clock.run(exchange.client().get("/v5/market/time"))
    exchange.clock.advance(1)

    assert answer["retCode"] == 0
    assert isinstance(pump.exception(), RuntimeError)
