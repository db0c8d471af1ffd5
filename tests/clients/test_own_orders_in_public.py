"""pybit and ccxt.pro, unmodified, watch an order book in which their own orders appear, and go."""

import asyncio
import queue

import ccxt.pro as pro
import pytest
from pybit import unified_trading
from pybit.unified_trading import HTTP, WebSocket

from synthcore.exchange.delays import Delay, DelayPlan
from synthcore.testing import BybitExchange

WAIT_S = 10
ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.5"}


@pytest.fixture(scope="module")
def exchange():
    with BybitExchange(market="steady", rate_tier="off") as served:
        served.set_delays(DelayPlan(private=Delay(floor_ms=100)))  # pybit notes a subscription late
        yield served.ready


def until(pushes, is_enough):
    while True:
        message = pushes.get(timeout=WAIT_S)
        if is_enough(message):
            return message


def size_at(message, price):
    """The size that pybit's merged book has at a price."""
    return {float(level[0]): float(level[1]) for level in message["data"]["b"]}.get(price, 0.0)


def test_pybits_merged_book_has_the_order_and_loses_it(exchange, monkeypatch):
    base = exchange.ws_public.removesuffix("/linear")
    monkeypatch.setattr(unified_trading, "PUBLIC_WSS", base + "/{CHANNEL_TYPE}")
    http = HTTP(api_key=exchange.api_key, api_secret=exchange.api_secret)
    http.endpoint = exchange.rest
    pushes = queue.Queue()
    socket = WebSocket(testnet=False, channel_type="linear")
    try:
        socket.orderbook_stream(50, "BTCUSDT", pushes.put)
        until(pushes, lambda message: size_at(message, 59999.9) == 2.0)

        order_id = http.place_order(**ORDER, price="59999.9")["result"]["orderId"]
        until(pushes, lambda message: size_at(message, 59999.9) == 2.5)
        http.cancel_order(category="linear", symbol="BTCUSDT", orderId=order_id)
        until(pushes, lambda message: size_at(message, 59999.9) == 2.0)
    finally:
        socket.exit()


async def test_ccxt_pros_book_and_trades_show_what_an_order_did(exchange):
    from test_ccxt_pro import client_of

    client = client_of(exchange)
    symbol = "BTC/USDT:USDT"
    try:
        async with asyncio.timeout(WAIT_S):
            book = await client.watch_order_book(symbol)
            assert book["asks"][0][:2] == [60000.1, 2.0]

            made = await client.create_order(symbol, "limit", "buy", 2.5, 60000.1)
            while book["bids"][0][:2] != [60000.1, 0.5]:
                book = await client.watch_order_book(symbol)
            asks = [level[:2] for level in book["asks"][:1]]
            await client.cancel_order(made["id"], symbol)
            while book["bids"][0][:2] != [60000.0, 2.0]:
                book = await client.watch_order_book(symbol)
            trades = await client.fetch_trades(symbol)
    finally:
        await client.close()

    assert asks == [[60000.2, 2.0]]
    assert [(trade["side"], trade["price"], trade["amount"]) for trade in trades] == [("buy", 60000.1, 2.0)]
    assert isinstance(client, pro.bybit)
