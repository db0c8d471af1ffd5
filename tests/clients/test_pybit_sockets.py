"""pybit's unmodified sockets: public stream, private stream and orders by the trade socket.

Only the package's URL constants are set; nothing of it is replaced.
"""

import contextlib
import copy
import queue

import pytest
from pybit import _websocket_trading, unified_trading

from synthcore.exchange.delays import Delay, DelayPlan
from synthcore.testing import BybitExchange

SYMBOL = "BTCUSDT"
ORDER = {"category": "linear", "symbol": SYMBOL, "side": "Buy", "orderType": "Limit", "qty": "0.01"}
WAIT_S = 10


class Heard(queue.Queue):
    """What a callback was called with."""

    def put(self, message):
        super().put(copy.deepcopy(message))  # pybit goes on working in the book that it hands out

    def until(self, is_wanted):
        """The first message that is wanted."""
        while True:
            message = self.get(timeout=WAIT_S)
            if is_wanted(message):
                return message


@pytest.fixture(scope="module")
def exchange():
    # pybit sends first and notes its subscription or callback afterwards: sooner replies are lost to it.
    late = DelayPlan(reply=Delay(floor_ms=200), private=Delay(floor_ms=200))
    with BybitExchange(market="generator", rate_tier="60") as served:
        served.set_delays(late)
        yield served.ready


@pytest.fixture
def connect(exchange, monkeypatch):
    """Makes clients of the exchange, and closes them at the end."""
    base = exchange.ws_private.removesuffix("/v5/private")
    monkeypatch.setattr(unified_trading, "PUBLIC_WSS", base + "/v5/public/{CHANNEL_TYPE}")
    monkeypatch.setattr(unified_trading, "PRIVATE_WSS", exchange.ws_private)
    monkeypatch.setattr(_websocket_trading, "TRADE_WSS", exchange.ws_trade)
    opened = []

    def make(kind, *args, **options):
        opened.append(kind(*args, testnet=False, **options))
        return opened[-1]

    yield make
    for client in opened:
        client.exit()


@pytest.fixture
def keys(exchange):
    return {"api_key": exchange.api_key, "api_secret": exchange.api_secret}


@pytest.fixture
def low_price(exchange):
    """A price at which an order to buy rests."""
    http = unified_trading.HTTP()
    http.endpoint = exchange.rest
    ticker = http.get_tickers(category="linear", symbol=SYMBOL)["result"]["list"][0]
    return f"{float(ticker['bid1Price']) * 0.995:.0f}"


def test_it_streams_book_ticker_and_trades(connect):
    book, ticker, trades = Heard(), Heard(), Heard()
    client = connect(unified_trading.WebSocket, "linear")

    client.orderbook_stream(50, SYMBOL, book.put)
    client.ticker_stream(SYMBOL, ticker.put)
    client.trade_stream(SYMBOL, trades.put)

    first, later = book.get(timeout=WAIT_S), book.get(timeout=WAIT_S)
    assert len(first["data"]["b"]) == 50
    assert later["data"]["u"] > first["data"]["u"]
    assert len(later["data"]["b"]) == 50  # pybit merges deltas: each window stays whole
    assert float(ticker.get(timeout=WAIT_S)["data"]["lastPrice"]) > 0
    assert trades.get(timeout=WAIT_S)["data"][0]["S"] in {"Buy", "Sell"}


def test_it_streams_the_rpi_book(connect):
    book = Heard()
    client = connect(unified_trading.WebSocket, "linear")

    client.rpi_orderbook_stream(SYMBOL, book.put)

    first, later = book.get(timeout=WAIT_S), book.get(timeout=WAIT_S)
    assert {level[2] for side in "ba" for level in first["data"][side]} == {"0"}
    assert later["data"]["u"] > first["data"]["u"]
    assert len(later["data"]["b"]) == 50  # merged by pybit


def test_orders_by_the_trade_socket_show_on_the_private_stream(connect, keys, low_price, exchange):
    orders, fills, positions, wallets, replies = Heard(), Heard(), Heard(), Heard(), Heard()
    private = connect(unified_trading.WebSocket, "private", **keys)
    http = unified_trading.HTTP(**keys)
    http.endpoint = exchange.rest
    private.order_stream(orders.put)
    private.execution_stream(fills.put)
    private.position_stream(positions.put)
    private.wallet_stream(wallets.put)
    trading = connect(unified_trading.WebSocketTrading, **keys)
    until_subscribed(wallets, http, low_price)

    trading.place_order(replies.put, **ORDER, price=low_price)
    order_id = replies.get(timeout=WAIT_S)["data"]["orderId"]
    new = orders.until(lambda message: message["data"][0]["orderId"] == order_id)
    trading.amend_order(replies.put, category="linear", symbol=SYMBOL, orderId=order_id, qty="0.02")
    replies.get(timeout=WAIT_S)
    amended = orders.until(lambda message: message["data"][0]["qty"] == "0.02")
    trading.cancel_order(replies.put, category="linear", symbol=SYMBOL, orderId=order_id)
    replies.get(timeout=WAIT_S)
    cancelled = orders.until(
        lambda message: (
            (message["data"][0]["orderId"], message["data"][0]["orderStatus"]) == (order_id, "Cancelled")
        )
    )
    trading.place_order(replies.put, **{**ORDER, "orderType": "Market"})
    taken = replies.get(timeout=WAIT_S)["data"]["orderId"]

    assert new["data"][0]["orderStatus"] == amended["data"][0]["orderStatus"] == "New"
    assert cancelled["data"][0]["cancelType"] == "CancelByUser"
    assert fills.get(timeout=WAIT_S)["data"][0]["orderId"] == taken
    assert positions.until(lambda message: message["data"][0]["size"] == "0.01")
    assert wallets.get(timeout=WAIT_S)["data"][0]["coin"][0]["coin"] == "USDT"


def until_subscribed(wallets, http, price):
    """Place orders until the topic that was asked for last is heard: pybit does not tell when it stands."""
    for _ in range(50):
        http.place_order(**ORDER, price=price)
        with contextlib.suppress(queue.Empty):
            wallets.get(timeout=0.2)
            return
    raise AssertionError("the private stream stayed silent")


def test_a_batch_by_the_trade_socket(connect, keys, low_price):
    replies = Heard()
    trading = connect(unified_trading.WebSocketTrading, **keys)
    orders = [{key: value for key, value in ORDER.items() if key != "category"} | {"price": low_price}] * 2

    trading.place_batch_order(replies.put, replies.put, category="linear", request=orders)

    reply = replies.get(timeout=WAIT_S)
    assert len(reply["data"]["list"]) == 2
    assert [row["code"] for row in reply["retExtInfo"]["list"]] == [0, 0]


def test_a_refusal_by_the_trade_socket_reaches_its_callback(connect, keys):
    replies, refusals = Heard(), Heard()
    trading = connect(unified_trading.WebSocketTrading, **keys)

    trading.cancel_order(
        replies.put, refusals.put, category="linear", symbol=SYMBOL, orderLinkId="never-placed"
    )

    assert refusals.get(timeout=WAIT_S)["retCode"] == 110001
    assert replies.empty()
