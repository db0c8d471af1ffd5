"""REST and sockets over TLS, with a certificate of this run for its own names and for Bybit's."""

import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import ccxt
import httpx
import pytest
import websocket
from pybit import _websocket_trading, unified_trading

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

pytest.importorskip("cryptography", reason="the extra `tls` is not installed")

# Delays, since pybit's trade socket loses replies that come at once.
STEADY = ExchangeSettings(market="steady", tls=True, delays="realistic")
WAIT_S = 10


@pytest.fixture(scope="module")
def exchange():
    with ExchangeProcess(STEADY) as ready:
        yield ready


def test_the_ready_line_names_its_addresses_and_authority(exchange):
    assert exchange.rest.startswith("https://127.0.0.1:")
    assert {url.split(":")[0] for url in (exchange.ws_public, exchange.ws_private, exchange.ws_trade)} == {
        "wss"
    }
    assert b"BEGIN CERTIFICATE" in Path(exchange.ca_file).read_bytes()


def test_no_private_key_is_left_on_the_disk(exchange):
    folder = Path(exchange.ca_file).parent

    assert [path.name for path in folder.iterdir()] == ["ca.pem"]
    assert b"PRIVATE" not in Path(exchange.ca_file).read_bytes()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_authoritys_file_goes_with_the_exchange():
    with ExchangeProcess(STEADY) as ready:
        folder = Path(ready.ca_file).parent
        was_there = folder.is_dir()

    assert (was_there, folder.exists()) == (True, False)


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "127.0.0.1",
        "api.bybit.com",
        "api-testnet.bybit.com",
        "api-demo.bybit.com",
        "stream.bybit.com",
        "stream-testnet.bybit.com",
        "stream-demo.bybit.com",
    ],
)
@pytest.mark.parametrize("address", ["rest", "ws_private"])
def test_the_certificate_is_good_for_a_name(exchange, name, address):
    port = httpx.URL(getattr(exchange, address)).port
    context = ssl.create_default_context(cafile=exchange.ca_file)

    with (
        socket.create_connection(("127.0.0.1", port), WAIT_S) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        assert secure.version() == "TLSv1.3"


def test_the_certificate_is_not_good_for_another_name(exchange):
    context = ssl.create_default_context(cafile=exchange.ca_file)
    with (
        socket.create_connection(("127.0.0.1", httpx.URL(exchange.rest).port), WAIT_S) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(plain, server_hostname="example.com")


def test_a_client_without_the_authority_refuses(exchange):
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(exchange.rest + "/v5/market/time")


def test_every_socket_speaks_tls(exchange):
    for url in (exchange.ws_public, exchange.ws_private, exchange.ws_trade):
        client = websocket.create_connection(url, WAIT_S, sslopt={"ca_certs": exchange.ca_file})
        client.send('{"op":"ping"}')
        assert "pong" in client.recv()
        client.close()


def test_pybit_trades_over_tls(exchange, monkeypatch):
    monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", exchange.ca_file)
    monkeypatch.setattr(unified_trading, "PRIVATE_WSS", exchange.ws_private)
    monkeypatch.setattr(_websocket_trading, "TRADE_WSS", exchange.ws_trade)
    keys = {"api_key": exchange.api_key, "api_secret": exchange.api_secret}
    http = unified_trading.HTTP(**keys)
    http.endpoint = exchange.rest
    http.client.verify = exchange.ca_file  # pybit's own session looks at no environment
    orders, replies = [], []
    private = unified_trading.WebSocket("private", testnet=False, **keys)
    private.order_stream(orders.append)
    trading = unified_trading.WebSocketTrading(testnet=False, **keys)
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}

    # pybit does not tell when a subscription stands: orders are placed until one is heard of.
    is_heard = wait_for(lambda: orders or (http.place_order(**order, price="59000") and orders), every_s=0.2)
    trading.place_order(replies.append, **order, price="59001")
    is_placed = wait_for(lambda: replies and any(row["data"][0]["price"] == "59001" for row in orders))
    trading.exit()
    private.exit()

    assert is_heard
    assert is_placed
    assert replies[0]["data"]["orderId"] in {row["data"][0]["orderId"] for row in orders}


def wait_for(is_so, every_s=0.01):
    """Whether it becomes so in time."""
    ended = threading.Event()
    deadline_s = time.monotonic() + WAIT_S
    while not is_so() and time.monotonic() < deadline_s:
        ended.wait(every_s)
    return bool(is_so())


def test_ccxt_trades_over_tls(exchange, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", exchange.ca_file)
    keys = {"apiKey": exchange.api_key, "secret": exchange.api_secret}
    client = ccxt.bybit({**keys, "requests_trust_env": True})
    client.urls["api"] = dict.fromkeys(client.urls["api"], exchange.rest)

    made = client.create_order("BTC/USDT:USDT", "limit", "buy", 0.01, 59000)
    is_seen = wait_for(lambda: made["id"] in {row["id"] for row in client.fetch_open_orders("BTC/USDT:USDT")})

    assert is_seen


def test_without_the_library_it_says_what_to_install(tmp_path):
    (tmp_path / "cryptography.py").write_text("raise ImportError('not here')")
    command = [sys.executable, "-m", "synthcore.exchange", '{"market": "steady", "tls": true}']
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])

    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )

    assert "install synthtest[tls]" in done.stderr
    assert "Traceback" not in done.stderr
