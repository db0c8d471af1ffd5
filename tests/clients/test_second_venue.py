"""A second venue in the same process: another market around the first one's price, the same protocol."""

from __future__ import annotations

import asyncio
import json

import pytest
from picows import WSListener, WSMsgType, ws_connect
from pybit.unified_trading import HTTP

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import FlavourReady, Ready
from synthcore.exchange.settings import ExchangeSettings

SYMBOLS = ("BTCUSDT", "ETHUSDT")


@pytest.fixture(scope="module")
def ready():
    settings = ExchangeSettings(symbols=SYMBOLS, second_venue=True, seed=11, speed=20.0, rate_tier="off")
    with ExchangeProcess(settings) as ready:
        yield ready


def client_of(venue: Ready | FlavourReady) -> HTTP:
    client = HTTP(api_key=venue.api_key, api_secret=venue.api_secret)
    client.endpoint = venue.rest
    return client


def test_it_has_addresses_and_keys_of_its_own(ready):
    second = ready.second_venue

    assert {second.rest, second.ws_public, second.api_key}.isdisjoint(
        {ready.rest, ready.ws_public, ready.api_key}
    )
    assert second.accounts[0].uid != ready.accounts[0].uid
    assert ready.flavours.keys() == {"mainnet"}


def test_without_the_setting_there_is_none():
    with ExchangeProcess(ExchangeSettings(market="steady")) as ready:
        assert ready.second_venue is None


def test_a_client_trades_on_both_and_each_account_knows_its_own(ready):
    first, second = client_of(ready), client_of(ready.second_venue)

    for client, side in ((first, "Buy"), (second, "Sell")):
        order = {"category": "linear", "symbol": "BTCUSDT", "orderType": "Market", "qty": "0.01"}
        assert client.place_order(side=side, **order)["retCode"] == 0

    sides = [
        client.get_positions(category="linear", symbol="BTCUSDT")["result"]["list"][0]["side"]
        for client in (first, second)
    ]
    assert sides == ["Buy", "Sell"]


def test_a_key_of_one_opens_nothing_on_the_other(ready):
    stranger = HTTP(api_key=ready.api_key, api_secret=ready.api_secret, max_retries=1)
    stranger.endpoint = ready.second_venue.rest

    with pytest.raises(Exception, match="10003"):
        stranger.get_wallet_balance(accountType="UNIFIED")


class Quotes(WSListener):
    """Mid prices by second venue or first, until there are enough."""

    def __init__(self):
        self.mids: list[float] = []
        self.done = asyncio.Event()

    def on_ws_frame(self, transport, frame):
        message = json.loads(frame.get_payload_as_bytes())
        if "topic" in message:
            data = message["data"]
            self.mids.append((float(data["b"][0][0]) + float(data["a"][0][0])) / 2)
            if len(self.mids) >= 100:
                self.done.set()


async def test_its_quotes_stream_around_the_first_ones(ready):
    async def watch(url):
        transport, quotes = await ws_connect(Quotes, url)
        subscribe = {"op": "subscribe", "args": ["orderbook.1.BTCUSDT"]}
        transport.send(WSMsgType.TEXT, json.dumps(subscribe).encode())
        await asyncio.wait_for(quotes.done.wait(), 20)
        transport.disconnect()
        return quotes.mids

    first, second = await asyncio.gather(watch(ready.ws_public), watch(ready.second_venue.ws_public))

    assert first != second
    assert abs(second[-1] / first[-1] - 1) < 0.003
