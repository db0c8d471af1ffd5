"""What the clock alone brings about: idle cuts, cancel on disconnect, the end of demo's orders."""

import json

import pytest
from exchange_edge import Edge

from synthcore.exchange.idle import read_max_active_s
from synthcore.exchange.in_process.connection import ConnectionEnded
from synthcore.testing.virtual import VirtualExchange

DAY_MS = 86_400_000
LIMIT = {
    "category": "linear",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.01",
    "price": "59000",
}
CONDITIONAL = {**LIMIT, "triggerPrice": "59500", "triggerDirection": 2}


@pytest.fixture
def exchange():
    with VirtualExchange(symbols=("BTCUSDT",), institutional_accounts=1, accounts=2) as exchange:
        yield exchange


def open_orders(exchange, client):
    reply = exchange.clock.run(client.get("/v5/order/realtime", category="linear", symbol="BTCUSDT"))
    return [row["orderType"] + row["triggerPrice"] for row in reply["result"]["list"]]


def closed_orders(exchange, client):
    reply = exchange.clock.run(client.get("/v5/order/history", category="linear", symbol="BTCUSDT"))
    return [(row["orderStatus"], row["cancelType"]) for row in reply["result"]["list"]]


def is_cut(exchange, connection):
    exchange.clock.advance(0)
    return connection.close_code is not None


# Idle connections


@pytest.mark.parametrize(
    ("query", "seconds"),
    [
        ("", 600),
        ("max_active_time=30s", 30),
        ("max_active_time=1m", 60),
        ("a=b&max_active_time=600s", 600),
        ("max_active_time=10m", 600),
        ("max_active_time=29s", 600),
        ("max_active_time=11m", 600),
        ("max_active_time=soon", 600),
        ("max_active_time=", 600),
    ],
)
def test_the_url_says_how_long_a_connection_may_be_idle(query, seconds):
    assert read_max_active_s(query) == seconds


@pytest.mark.parametrize("path", ["/v5/private", "/v5/trade"])
def test_a_connection_that_says_nothing_is_cut_after_ten_minutes(exchange, path):
    connection = exchange.connect(path)

    exchange.clock.advance(599)
    before = is_cut(exchange, connection)
    exchange.clock.advance(32)

    assert (before, is_cut(exchange, connection)) == (False, True)


def test_a_connection_that_pings_is_kept(exchange):
    connection = exchange.connect("/v5/private?max_active_time=30s")

    for _ in range(10):
        exchange.clock.advance(20)
        connection.send('{"op":"ping"}')
    kept = not is_cut(exchange, connection)
    exchange.clock.advance(62)

    assert kept
    assert is_cut(exchange, connection)


def test_a_connection_that_gets_data_is_kept(exchange):
    client, frames = exchange.client(), []
    client.stream("order", on_frame=frames.append)
    quiet = exchange.connect("/v5/private?max_active_time=1m")

    for number in range(8):
        exchange.clock.advance(90)
        exchange.clock.run(client.post("/v5/order/create", **{**LIMIT, "price": str(59000 + number)}))

    pushed = [json.loads(frame) for frame in frames if b'"topic"' in frame]
    assert len(pushed) == 8
    assert is_cut(exchange, quiet)


def test_a_public_connection_is_never_cut_for_being_idle(exchange):
    connection = exchange.connect("/v5/public/linear?max_active_time=30s")

    exchange.clock.advance(1000)

    assert not is_cut(exchange, connection)


def test_a_clock_that_jumps_cuts_too(exchange):
    connection = exchange.connect("/v5/private")
    exchange.clock.advance(1)

    exchange.inside.venue.clock.skew(700_000)
    exchange.clock.advance(31)

    with pytest.raises(ConnectionEnded) as ended:
        exchange.clock.run(connection.receive())
    assert ended.value.code == 1000


# Cancel on disconnect


def guarded(exchange, client, window_s=10):
    """A connection with the topic, an order that rests, and one that waits."""
    body = {"product": "DERIVATIVES", "timeWindow": window_s}
    reply = exchange.clock.run(client.post("/v5/order/disconnected-cancel-all", **body))
    assert (reply["retCode"], reply["retMsg"]) == (0, "success")
    connection = client.stream("dcp.future")
    for order in (LIMIT, CONDITIONAL):
        assert exchange.clock.run(client.post("/v5/order/create", **order))["retCode"] == 0
    exchange.clock.advance(1)
    return connection


def test_active_orders_are_cancelled_when_the_time_window_is_over(exchange):
    client = exchange.client()
    connection = guarded(exchange, client, window_s=20)

    connection.close()
    exchange.clock.advance(19)
    before = len(open_orders(exchange, client))
    exchange.clock.advance(3)

    assert (before, open_orders(exchange, client)) == (2, ["Limit59500"])
    assert closed_orders(exchange, client) == [("Cancelled", "CancelByDCP")]


def test_a_new_connection_with_the_topic_stops_the_clock(exchange):
    client = exchange.client()
    connection = guarded(exchange, client)

    connection.close()
    exchange.clock.advance(8)
    client.stream("dcp.future")
    exchange.clock.advance(60)

    assert len(open_orders(exchange, client)) == 2


def test_the_clock_runs_only_when_the_last_connection_is_gone(exchange):
    client = exchange.client()
    first = guarded(exchange, client)
    second = client.stream("dcp.future")
    exchange.clock.advance(1)

    first.close()
    exchange.clock.advance(60)
    with_one_left = len(open_orders(exchange, client))
    second.close()
    exchange.clock.advance(12)

    assert (with_one_left, len(open_orders(exchange, client))) == (2, 1)


def test_a_connection_that_lives_for_a_moment_guards_too(exchange):
    client = exchange.client()

    connection = client.stream("dcp.future")
    exchange.clock.run(client.post("/v5/order/create", **LIMIT))
    connection.close()
    exchange.clock.advance(9)
    before = len(open_orders(exchange, client))
    exchange.clock.advance(3)

    assert (before, open_orders(exchange, client)) == (1, [])
    assert closed_orders(exchange, client) == [("Cancelled", "CancelByDCP")]


def test_a_moment_with_the_topic_stops_the_clock_and_starts_it_anew(exchange):
    client = exchange.client()
    guarded(exchange, client).close()
    exchange.clock.advance(8)

    client.stream("dcp.future").close()
    exchange.clock.advance(8)
    before = len(open_orders(exchange, client))
    exchange.clock.advance(4)

    assert (before, open_orders(exchange, client)) == (2, ["Limit59500"])


def test_a_connection_without_the_topic_guards_nothing(exchange):
    client = exchange.client()
    connection = client.stream("order")
    exchange.clock.run(client.post("/v5/order/create", **LIMIT))
    exchange.clock.advance(1)

    connection.close()
    exchange.clock.advance(60)

    assert len(open_orders(exchange, client)) == 1


def test_only_an_institution_has_it(exchange):
    institution, other = exchange.client(0), exchange.client(1)
    change = {"timeWindow": 40}

    taken = exchange.clock.run(institution.post("/v5/order/disconnected-cancel-all", **change))
    refused = exchange.clock.run(other.post("/v5/order/disconnected-cancel-all", **change))
    infos = [
        exchange.clock.run(client.get("/v5/account/query-dcp-info"))["result"]
        for client in (institution, other)
    ]

    assert (taken["retCode"], refused["retCode"]) == (0, 10005)
    told = [exchange.clock.run(client.get("/v5/account/info"))["result"] for client in (institution, other)]
    assert [(one["dcpStatus"], one["timeWindow"]) for one in told] == [("ON", 10), ("OFF", 10)]
    assert infos == [
        {
            "dcpInfos": [
                {"product": "SPOT", "dcpStatus": "ON", "timeWindow": "10"},
                {"product": "DERIVATIVES", "dcpStatus": "ON", "timeWindow": "10"},
                {"product": "OPTIONS", "dcpStatus": "ON", "timeWindow": "40"},  # the product by default
            ]
        },
        {"dcpInfos": []},
    ]


@pytest.mark.parametrize("window_s", [2, 301, "10", None])
def test_a_time_window_must_be_from_3_to_300_seconds(exchange, window_s):
    reply = exchange.clock.run(
        exchange.client().post("/v5/order/disconnected-cancel-all", timeWindow=window_s)
    )

    assert (reply["retCode"], reply["retMsg"]) == (10001, "params error: timeWindow invalid")


# Demo's orders


def test_a_demo_order_lives_seven_days(monkeypatch):
    edge = Edge(monkeypatch, flavour="demo")
    edge.place()
    edge.now_ms += 1000
    edge.place(price="59001")

    edge.now_ms += 7 * DAY_MS - 999
    edge.venue.tick()

    (left,) = edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT")["result"]["list"]
    (ended,) = edge.get("/v5/order/history", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert left["price"] == "59001"
    assert (ended["price"], ended["orderStatus"], ended["cancelType"]) == (
        "59000",
        "Cancelled",
        "CancelByAdmin",
    )


def test_another_worlds_order_stays(monkeypatch):
    edge = Edge(monkeypatch)
    edge.place()

    edge.now_ms += 30 * DAY_MS
    edge.venue.tick()

    assert len(edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT")["result"]["list"]) == 1
