"""What one address may ask: calls, connections, messages, topics. All numbers are Bybit's."""

import json

import pytest
from exchange_edge import Edge

from synthcore.exchange.in_process.exchange import HandshakeRefused
from synthcore.exchange.ip_limits import IpLimits
from synthcore.exchange.subscription_limits import too_much
from synthcore.testing.virtual import VirtualExchange

NOW_MS = 1_700_000_000_000
TIME = ("GET", "/v5/market/time")
SYMBOLS = ("BTCUSDT", "ETHUSDT")


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch, ip_limits=True)


def statuses(edge, count, **options):
    return [edge.send(*TIME, headers=[], **options).status for _ in range(count)]


def test_the_601st_call_in_five_seconds_is_forbidden_and_so_are_those_of_ten_minutes(edge):
    taken = statuses(edge, 600)
    edge.now_ms += 4999
    beyond = edge.send(*TIME, headers=[])
    edge.now_ms += 599_999
    still = statuses(edge, 1)
    edge.now_ms += 1
    again = statuses(edge, 1)

    assert set(taken) == {200}
    assert (beyond.status, beyond.body) == (403, b"access too frequent")
    assert (still, again) == ([403], [200])


def test_calls_that_are_slow_enough_are_never_forbidden(edge):
    for _ in range(4):
        assert set(statuses(edge, 600)) == {200}
        edge.now_ms += 5000


def test_another_address_is_not_concerned(edge):
    statuses(edge, 601)

    assert statuses(edge, 1, client_ip="10.0.0.7") == [200]


def test_without_the_setting_nobody_counts(monkeypatch):
    edge = Edge(monkeypatch)

    assert set(statuses(edge, 1300)) == {200}


def test_500_new_connections_in_five_minutes():
    limits = IpLimits()

    taken = [limits.connection(0, NOW_MS + i) for i in range(501)]

    assert taken == [True] * 500 + [False]
    assert not limits.connection(0, NOW_MS + 299_999)
    assert limits.connection(0, NOW_MS + 300_000)


def test_1000_open_market_data_connections_of_a_category():
    limits = IpLimits()

    assert limits.connection(999, NOW_MS)
    assert not limits.connection(1000, NOW_MS)


def test_a_handshake_too_many_is_refused_with_403():
    with VirtualExchange(symbols=("BTCUSDT",), ip_limits=True) as exchange:
        for number in range(500):
            exchange.connect("/v5/public/spot" if number % 2 else "/v5/private").close()
        with pytest.raises(HandshakeRefused) as refused:
            exchange.connect("/v5/trade")
        exchange.clock.advance(300)
        exchange.connect("/v5/trade")

    assert refused.value.status == 403


def test_3000_messages_a_second_to_the_trade_socket():
    with VirtualExchange(symbols=("BTCUSDT",), ip_limits=True) as exchange:
        trade = exchange.connect("/v5/trade")
        for _ in range(3001):
            trade.send('{"op":"ping"}')
        codes = [json.loads(exchange.clock.run(trade.receive()))["retCode"] for _ in range(3001)]
        exchange.clock.advance(1)
        trade.send('{"op":"ping"}')
        later = json.loads(exchange.clock.run(trade.receive()))["retCode"]

    assert codes == [0] * 3000 + [10403]
    assert later == 0


@pytest.mark.parametrize(
    ("category", "held", "asked", "reason"),
    [
        ("linear", [], ["t" * 21_000], None),
        ("linear", [], ["t" * 21_001], "args length >21000"),
        ("linear", ["t" * 20_000], ["u" * 1000], None),
        ("linear", ["t" * 20_000], ["u" * 1000, "v"], "args length >21000"),
        ("linear", [], ["t"] * 11, None),
        ("spot", [], ["t"] * 10, None),
        ("spot", [], ["t"] * 11, "args size >10"),
    ],
)
def test_how_many_topics_a_connection_may_have(category, held, asked, reason):
    assert too_much(category, held, asked) == reason


def test_too_many_topics_are_refused_whole():
    with VirtualExchange(symbols=SYMBOLS) as exchange:
        replies = []
        for category, topics in (
            ("spot", [f"tickers.X{number}" for number in range(11)]),
            ("linear", ["tickers.BTCUSDT", "t" * 21_000]),
        ):
            public = exchange.connect(f"/v5/public/{category}")
            public.send(json.dumps({"op": "subscribe", "args": topics}))
            replies.append(json.loads(exchange.clock.run(public.receive())))
        public.send(json.dumps({"op": "subscribe", "args": ["tickers.BTCUSDT"]}))
        after = json.loads(exchange.clock.run(public.receive()))

    assert [(reply["success"], reply["ret_msg"]) for reply in replies] == [
        (False, "args size >10"),
        (False, "args length >21000"),
    ]
    assert after["success"]
