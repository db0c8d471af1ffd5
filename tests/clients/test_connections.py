"""Connections as clients open them: compression is declined, HTTP is kept alive, URLs have parameters."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
import websocket  # pybit's own dependency

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

WAIT_S = 10
OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"


@pytest.fixture(scope="module")
def ready():
    with ExchangeProcess(ExchangeSettings(market="steady")) as ready:
        yield ready


@pytest.mark.parametrize("path", ["ws_public", "ws_private", "ws_trade"])
def test_a_client_that_offers_compression_is_served_without_it(ready, path):
    url = getattr(ready, path) + "?max_active_time=1m"

    socket = websocket.create_connection(url, timeout=WAIT_S, header=[OFFER])
    try:
        socket.send('{"op":"ping"}')
        reply = json.loads(socket.recv())
    finally:
        socket.close()

    assert "sec-websocket-extensions" not in socket.headers
    assert "pong" in (reply.get("op"), reply.get("ret_msg"))


def test_two_calls_share_one_http_connection(ready):
    at = urlsplit(ready.rest)
    client = http.client.HTTPConnection(at.hostname, at.port, timeout=WAIT_S)
    ports = []
    for _ in range(2):
        client.request("GET", "/v5/market/time")
        reply = client.getresponse()
        assert json.load(reply)["retCode"] == 0
        ports.append(client.sock.getsockname())
    client.close()

    assert ports[0] == ports[1]
