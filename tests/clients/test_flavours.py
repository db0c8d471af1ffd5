"""One process serves three worlds, and clients find in each what they find at Bybit.

pybit's and ccxt's own switches for testnet and demo are used; only their URLs are set.
"""

import json
import time
import urllib.request

import ccxt
import pytest
import websocket  # pybit's own dependency
from control_client import control_http
from pybit import unified_trading
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

from synthcore.exchange.key_terms import KeyTerms
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

SETTINGS = ExchangeSettings(
    market="steady",
    flavours=("mainnet", "testnet", "demo"),
    rate_tier="60",
    control_token="auto",
    keys=(KeyTerms(read_only=True, ips=("127.0.0.1",)), KeyTerms(ips=("10.0.0.7",))),
)
SYMBOL = "BTC/USDT:USDT"
ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
SWITCHES = {"mainnet": {}, "testnet": {"testnet": True}, "demo": {"demo": True}}
WAIT_S = 10


@pytest.fixture(scope="module")
def ready():
    with ExchangeProcess(SETTINGS) as ready:
        yield ready


def pybit_of(world, key_of=None, **switches):
    key = key_of or world
    client = HTTP(api_key=key.api_key, api_secret=key.api_secret, **switches)
    client.endpoint = world.rest
    return client


def test_the_first_world_stands_in_front(ready):
    mainnet = ready.flavours["mainnet"]

    assert list(ready.flavours) == ["mainnet", "demo", "testnet"]
    assert (ready.rest, ready.ws_public, ready.api_key) == (mainnet.rest, mainnet.ws_public, mainnet.api_key)


def test_an_order_exists_in_its_own_world_only(ready):
    clients = {name: pybit_of(world, **SWITCHES[name]) for name, world in ready.flavours.items()}

    made = clients["testnet"].place_order(**ORDER)["result"]["orderId"]

    found = {
        name: [row["orderId"] for row in client.get_executions(category="linear")["result"]["list"]]
        for name, client in clients.items()
    }
    assert made in found["testnet"]
    assert made not in found["mainnet"] + found["demo"]


def test_a_key_of_another_world_is_invalid(ready):
    stranger = pybit_of(ready.flavours["demo"], ready.flavours["mainnet"], demo=True)

    with pytest.raises(InvalidRequestError) as refused:
        stranger.get_wallet_balance(accountType="UNIFIED")

    assert refused.value.status_code == 10003


def test_demo_has_no_fee_rate(ready):
    with pytest.raises(InvalidRequestError) as refused:
        pybit_of(ready.flavours["demo"], demo=True).get_fee_rates(category="linear")

    assert refused.value.status_code == 10032


def test_a_further_key_is_as_good_as_its_terms(ready):
    testnet = ready.flavours["testnet"]
    reader, stranger = (pybit_of(testnet, key, testnet=True) for key in testnet.keys)

    balance = reader.get_wallet_balance(accountType="UNIFIED")
    with pytest.raises(InvalidRequestError) as not_allowed:
        reader.place_order(**ORDER)
    with pytest.raises(InvalidRequestError) as from_elsewhere:
        stranger.get_wallet_balance(accountType="UNIFIED")

    assert balance["retCode"] == 0
    assert (not_allowed.value.status_code, from_elsewhere.value.status_code) == (10005, 10010)


@pytest.mark.parametrize(
    "path", ["/v5/public/linear", "/v5/public/spot", "/v5/public/misc/status", "/v5/trade"]
)
def test_demo_has_the_private_socket_only(ready, path):
    base = ready.flavours["demo"].ws_private.removesuffix("/v5/private")

    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(base + path, timeout=WAIT_S)

    assert refused.value.status_code == 404


@pytest.mark.parametrize("name", ["testnet", "demo"])
def test_pybits_private_stream_is_of_its_world(ready, monkeypatch, name):
    world, heard = ready.flavours[name], []
    with control_http(world) as control:  # pybit notes its subscription after it has sent it
        late = {"private": {"floor_ms": 100}}
        control.post("/_control/latency", json={"plan": late}).raise_for_status()
    monkeypatch.setattr(unified_trading, "PRIVATE_WSS", world.ws_private)
    keys = {"api_key": world.api_key, "api_secret": world.api_secret}
    stream = unified_trading.WebSocket("private", **{"testnet": False, **SWITCHES[name]}, **keys)
    try:
        stream.execution_stream(heard.append)
        client, made = pybit_of(world, **SWITCHES[name]), set()

        # pybit does not wait for its subscription: the first orders may come before it.
        wait_until(lambda: heard or made.add(client.place_order(**ORDER)["result"]["orderId"]))

        assert heard[0]["data"][0]["orderId"] in made
    finally:
        stream.exit()


def test_demo_and_mainnet_trade_on_one_market(ready):
    marks = {name: mark_of(world) for name, world in ready.flavours.items()}

    assert marks["demo"] == marks["mainnet"]


def test_ccxts_sandbox_is_testnet(ready):
    client = ccxt_of(ccxt, ready.flavours["testnet"], "test")
    client.set_sandbox_mode(True)

    balance = client.fetch_balance()
    made = client.create_order(SYMBOL, "market", "buy", 0.01)

    assert balance["USDT"]["total"] > 0
    assert client.fetch_my_trades(SYMBOL)[-1]["order"] == made["id"]


def test_ccxts_demo_trading_is_demo(ready):
    client = ccxt_of(ccxt, ready.flavours["demo"], "demotrading")
    client.enable_demo_trading(True)

    client.load_markets()
    made = client.create_order(SYMBOL, "market", "buy", 0.01)

    assert client.fetch_my_trades(SYMBOL)[-1]["order"] == made["id"]


def ccxt_of(ccxt, world, switch):
    options = {"defaultType": "swap"}
    keys = {"apiKey": world.api_key, "secret": world.api_secret}
    client = ccxt.bybit({**keys, "enableRateLimit": False, "options": options})
    client.urls[switch] = dict.fromkeys(client.urls[switch], world.rest)
    return client


def mark_of(world):
    with urllib.request.urlopen(f"{world.rest}/v5/market/tickers?category=linear&symbol=BTCUSDT") as reply:
        return json.load(reply)["result"]["list"][0]["markPrice"]


def wait_until(is_so):
    deadline_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline_s, "it did not come in time"
        time.sleep(0.1)
