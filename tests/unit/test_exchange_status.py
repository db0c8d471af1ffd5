"""The status socket tells of maintenance, in the shape of Bybit's sample."""

import json

from exchange_edge import Edge

from synthcore.exchange.faults.effects import Silence
from synthcore.testing.virtual import VirtualExchange

KEYS = [
    *("id", "title", "state", "begin", "end", "href"),
    *("serviceTypes", "product", "uidSuffix", "maintainType", "env"),
]


def test_maintenance_is_told_when_it_begins_and_when_it_is_over():
    with VirtualExchange(symbols=("BTCUSDT",)) as exchange:
        socket = exchange.connect("/v5/public/misc/status")
        socket.send('{"op":"subscribe","args":["system.status"]}')
        exchange.inside.venue.outage.begin(Silence(None), 503, 10)
        exchange.clock.advance(20)
        reply, begun, over = (json.loads(exchange.clock.run(socket.receive())) for _ in range(3))

    (first,), (last,) = begun["data"], over["data"]
    assert reply["success"]
    assert (begun["topic"], list(begun), list(first)) == ("system.status", ["topic", "ts", "data"], KEYS)
    assert (first["state"], last["state"], first["id"]) == ("ongoing", "completed", last["id"])
    assert 8000 <= int(last["end"]) - int(first["begin"]) <= 11000


def test_the_status_socket_has_no_market_data_and_demo_has_none(monkeypatch):
    with VirtualExchange(symbols=("BTCUSDT",)) as exchange:
        socket = exchange.connect("/v5/public/misc/status")
        socket.send('{"op":"subscribe","args":["tickers.BTCUSDT"]}')
        refused = json.loads(exchange.clock.run(socket.receive()))

    assert not refused["success"]
    assert not Edge(monkeypatch, flavour="demo").venue.flavour.has_socket("/v5/public/misc/status")
