"""ccxt.pro's unmodified client streams and trades: only its `urls` are set, as its manual says."""

import asyncio

import ccxt.pro as pro
import pytest

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

SYMBOL = "BTC/USDT:USDT"
WAIT_S = 10


@pytest.fixture(scope="module")
def exchange():
    with ExchangeProcess(ExchangeSettings(rate_tier="60")) as ready:
        yield ready


@pytest.fixture
async def client(exchange):
    client = client_of(exchange)
    yield client
    await client.close()


def client_of(exchange, **options):
    client = pro.bybit(
        {
            "apiKey": exchange.api_key,
            "secret": exchange.api_secret,
            "enableRateLimit": False,
            "options": {"defaultType": "swap"},
            **options,
        }
    )
    base = exchange.ws_private.removesuffix("/v5/private")
    public = {category: f"{base}/v5/public/{category}" for category in client.urls["api"]["ws"]["public"]}
    private = {
        "spot": {"unified": exchange.ws_private},
        "contract": exchange.ws_private,
        "trade": exchange.ws_trade,
    }
    client.urls["api"] = dict.fromkeys(client.urls["api"], exchange.rest)
    client.urls["api"]["ws"] = {"public": public, "private": private}
    return client


async def test_it_streams_book_ticker_trades_and_candles(client):
    async with asyncio.timeout(WAIT_S):
        book = await client.watch_order_book(SYMBOL)
        ticker = await client.watch_ticker(SYMBOL)
        trades = await client.watch_trades(SYMBOL)

    assert book["bids"][0][0] < book["asks"][0][0]
    assert ticker["last"] > 0
    assert trades[0]["side"] in {"buy", "sell"}


async def test_an_order_by_socket_shows_on_the_private_streams(client):
    await client.load_markets()
    watching = [
        asyncio.create_task(watch)
        for watch in (client.watch_orders(SYMBOL), client.watch_my_trades(SYMBOL), client.watch_balance())
    ]
    price = float(client.price_to_precision(SYMBOL, (await client.fetch_ticker(SYMBOL))["bid"] * 0.99))
    while len([topic for socket in client.clients.values() for topic in socket.subscriptions]) < 3:
        await asyncio.sleep(0)

    async with asyncio.timeout(WAIT_S):
        made = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, price)
        edited = await client.edit_order_ws(made["id"], SYMBOL, "limit", "buy", 0.02, price)
        cancelled = await client.cancel_order_ws(made["id"], SYMBOL)
        taken = await client.create_order_ws(SYMBOL, "market", "buy", 0.01)
        orders, fills, balance = await asyncio.gather(*watching)

    assert made["id"] == edited["id"] == cancelled["id"]
    assert orders[0]["id"] == made["id"]
    assert (fills[0]["order"], fills[0]["amount"]) == (taken["id"], 0.01)
    assert balance["USDT"]["total"] > 0


async def test_it_streams_and_trades_over_tls(monkeypatch):
    pytest.importorskip("cryptography", reason="the extra `tls` is not installed")
    async with ExchangeProcess(ExchangeSettings(tls=True)) as ready:
        monkeypatch.setenv("SSL_CERT_FILE", ready.ca_file)
        client = client_of(ready, cafile=ready.ca_file)
        try:
            async with asyncio.timeout(WAIT_S):
                ticker = await client.watch_ticker(SYMBOL)
                made = await client.create_order_ws(SYMBOL, "limit", "buy", 0.01, ticker["bid"] * 0.99)
                seen = await client.fetch_open_orders(SYMBOL)
        finally:
            await client.close()

    assert [order["id"] for order in seen] == [made["id"]]
