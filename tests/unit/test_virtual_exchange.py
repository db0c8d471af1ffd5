"""The exchange in process and in virtual time: its own code, without sockets, the same each time."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from synthcore.exchange.delays import Delay, DelayPlan
from synthcore.exchange.in_process.connection import ConnectionEnded
from synthcore.exchange.in_process.exchange import AnswerLost, HandshakeRefused
from synthcore.testing.virtual import VirtualExchange
from synthcore.testing.virtual_clock import VirtualClock

ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}
SETTINGS = {"symbols": ("BTCUSDT",)}


@pytest.fixture
def exchange():
    with VirtualExchange(**SETTINGS) as exchange:
        yield exchange


def topics(frames):
    return [json.loads(frame).get("topic") or json.loads(frame).get("op") for frame in frames]


# Calls


def test_an_order_goes_through_the_edge_and_its_frames_follow_its_answer(exchange):
    frames = []
    client = exchange.client()
    client.stream("order", "execution", "position", "wallet", on_frame=frames.append)

    async def trade():
        reply = await client.post("/v5/order/create", **ORDER)
        return reply, topics(frames)

    reply, heard_with_the_answer = exchange.clock.run(trade())
    exchange.clock.advance(0.001)

    assert reply["retCode"] == 0
    assert heard_with_the_answer == ["auth", "subscribe"]
    assert sorted(topics(frames)[2:]) == ["execution", "order", "position", "wallet"]
    assert exchange.clock.run(client.get("/v5/market/time"))["time"] == exchange.clock.now_ms


def test_a_wrong_signature_is_refused_as_on_the_wire(exchange):
    answer = exchange.clock.run(
        exchange.inside.call(
            "GET",
            "/v5/account/info",
            headers=[
                ("x-bapi-api-key", exchange.api_key),
                ("x-bapi-timestamp", str(exchange.clock.now_ms)),
                ("x-bapi-sign", "0" * 64),
            ],
        )
    )

    assert (answer.status, json.loads(answer.body)["retCode"]) == (200, 10004)
    assert b"Traceid" in dict(answer.headers)


def test_delays_pass_on_the_virtual_clock(exchange):
    exchange.set_delays(DelayPlan(entry=Delay(floor_ms=20), reply=Delay(floor_ms=30)))
    begun_ms = exchange.clock.now_ms

    exchange.clock.run(exchange.client().post("/v5/order/create", **ORDER))

    assert exchange.clock.now_ms - begun_ms == 50


def test_a_caller_who_gives_up_has_ordered_all_the_same(exchange):
    exchange.set_delays(DelayPlan(entry=Delay(floor_ms=200)))
    client = exchange.client()

    async def story():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.post("/v5/order/create", **ORDER), 0.1)
        await asyncio.sleep(1)
        return await client.get("/v5/position/list", category="linear", symbol="BTCUSDT")

    assert exchange.clock.run(story())["result"]["list"][0]["size"] == "0.01"


def test_a_lost_answer_is_lost_and_the_order_is_there(exchange):
    exchange.faults.add({"do": "lose_answer"})
    client = exchange.client()

    async def story():
        with pytest.raises(AnswerLost):
            await client.post("/v5/order/create", **ORDER)
        return await client.get("/v5/order/history", category="linear")

    assert len(exchange.clock.run(story())["result"]["list"]) == 1


def test_what_is_hidden_is_seen_when_its_time_has_passed(exchange):
    exchange.faults.add({"do": "hide_order", "ms": 500})
    client = exchange.client()

    async def found_after(wait_s):
        await asyncio.sleep(wait_s)
        return len((await client.get("/v5/order/history", category="linear"))["result"]["list"])

    exchange.clock.run(client.post("/v5/order/create", **ORDER))

    assert (exchange.clock.run(found_after(0.499)), exchange.clock.run(found_after(0.002))) == (0, 1)


# Connections


def test_the_public_stream_begins_with_a_snapshot_and_goes_on_each_second(exchange):
    public = exchange.connect("/v5/public/linear")
    public.send('{"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]}')

    async def read():
        frames = [json.loads(await public.receive()) for _ in range(4)]
        return [frame.get("type") or frame["op"] for frame in frames], [f["ts"] for f in frames[1:]]

    kinds, times_ms = exchange.clock.run(read())

    assert kinds == ["subscribe", "snapshot", "snapshot", "snapshot"]
    assert times_ms[2] - times_ms[1] == 1000


def test_the_trade_socket_takes_orders(exchange):
    trade = exchange.connect("/v5/trade")
    expires_ms = exchange.clock.now_ms + 1000
    signature = exchange.client()._signer.ws_auth(expires_ms)
    header = {"X-BAPI-TIMESTAMP": str(exchange.clock.now_ms)}
    trade.send(json.dumps({"op": "auth", "args": [exchange.api_key, expires_ms, signature]}))
    trade.send(json.dumps({"op": "order.create", "header": header, "args": [ORDER]}))

    async def read():
        return [json.loads(await trade.receive())["retCode"] for _ in range(2)]

    assert exchange.clock.run(read()) == [0, 0]


def test_a_handshake_can_fail(exchange):
    exchange.faults.add({"do": "refuse_socket", "status": 503})

    with pytest.raises(HandshakeRefused) as refused:
        exchange.connect("/v5/private")
    with pytest.raises(HandshakeRefused) as unknown:
        exchange.connect("/v5/elsewhere")

    assert (refused.value.status, unknown.value.status) == (503, 404)


@pytest.mark.parametrize(
    ("fault", "code"),
    [({"do": "cut_socket", "socket": "private"}, 1006), ({"do": "close_socket", "socket": "private"}, 1001)],
)
def test_a_connection_that_is_cut_ends_with_its_code(exchange, fault, code):
    client = exchange.client()
    stream = client.stream("order")
    exchange.faults.add(fault)

    async def story():
        await client.post("/v5/order/create", **ORDER)
        with pytest.raises(ConnectionEnded) as ended:
            while True:
                await stream.receive()
        return ended.value.code

    assert exchange.clock.run(story()) == code
    assert len(exchange.inside.venue.private.sessions) == 0


def test_a_half_open_connection_says_nothing_any_more(exchange):
    stream = exchange.client().stream("order")
    exchange.clock.advance(1)
    exchange.faults.add({"do": "half_open_socket", "when": "start"})
    stream.send('{"op": "ping"}')

    async def listen():
        heard = [await stream.receive(), await stream.receive()]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stream.receive(), 600)
        return topics(heard)

    assert exchange.clock.run(listen()) == ["auth", "subscribe"]


def test_a_connection_that_hangs_up_is_gone(exchange):
    stream = exchange.client().stream("order")
    exchange.clock.advance(1)

    stream.close()
    exchange.clock.advance(1)

    assert len(exchange.inside.venue.private.sessions) == 0


def test_a_connection_that_is_idle_for_long_is_cut(exchange):
    """What the exchange's clock brings about by itself passes, too."""
    private = exchange.connect("/v5/private?max_active_time=1m")

    exchange.clock.advance(55)
    before = private.close_code
    exchange.clock.advance(10)

    assert (before, private.close_code is None) == (None, False)


def test_a_fault_strikes_at_its_time(exchange):
    exchange.connect("/v5/private")
    exchange.faults.add({"do": "cut_socket", "socket": "private", "when": "time at_ms=60000"})

    exchange.clock.advance(59)
    before = exchange.faults.struck("cut_socket")
    exchange.clock.advance(2)

    assert (before, exchange.faults.struck("cut_socket")) == (0, 1)


# The same, twice

STORM = (
    {"do": "lose_answer", "when": "reply path=/v5/order/create probability=0.1 always"},
    {"do": "refuse", "code": 10006, "when": "request path=/v5/order/create probability=0.1 always"},
    {"do": "drop_frame", "when": "private topic=execution probability=0.2 always"},
    {"do": "reorder_frame", "when": "private topic=order probability=0.2 always"},
    {"do": "delay_frame", "when": "public probability=0.1 always"},
    {"do": "hide_order", "when": "accepted probability=0.3 always"},
    {"do": "partial_fill", "when": "accepted probability=0.3 always"},
    {"do": "skew_clock", "ms": 40, "drift_ppm": 200},
)


async def bot(exchange, orders):
    client = exchange.client()
    client.stream("order", "execution", "position", "wallet")
    public = exchange.connect("/v5/public/linear")
    public.send('{"op": "subscribe", "args": ["orderbook.50.BTCUSDT", "publicTrade.BTCUSDT"]}')
    for number in range(orders):
        try:
            side = "Buy" if number % 2 else "Sell"
            await client.post("/v5/order/create", **ORDER | {"side": side, "orderLinkId": f"bot-{number}"})
            await client.get("/v5/order/realtime", category="linear", symbol="BTCUSDT")
        except AnswerLost:
            pass
        await asyncio.sleep(0.7)


def hash_of(seed, orders=40):
    settings = {"market": "generator", "delays": "realistic", "seed": seed} | SETTINGS
    with VirtualExchange(**settings) as exchange:
        exchange.faults.add(*STORM)
        exchange.clock.run(bot(exchange, orders))
        struck = {one["do"] for one in exchange.faults.injected()}
        assert len(struck) == len(STORM), struck
        return f"{exchange.digest.count} {exchange.digest} {exchange.api_key}"


def test_a_seed_gives_the_same_answers_frames_times_and_ids_to_the_byte():
    assert hash_of(1) == hash_of(1)


def test_another_seed_gives_others():
    assert hash_of(1).split()[1] != hash_of(2).split()[1]


def test_another_process_with_another_hash_seed_gives_the_same():
    """Nothing may hang on the order of a set, on addresses or on the machine's clock."""
    here = Path(__file__)
    code = f"import {here.stem} as this; print(this.hash_of(1))"
    paths = os.pathsep.join(map(str, (here.parent, here.parents[2])))

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "4711", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
    )

    assert done.stdout.strip() == hash_of(1), done.stderr


# Clocks


def test_a_fill_is_listed_after_the_clock_was_set_back(exchange):
    client = exchange.client()

    async def trade():
        await client.post("/v5/order/create", **ORDER, orderLinkId="one")
        exchange.faults.add({"do": "skew_clock", "ms": -500})
        return await client.get("/v5/execution/list", category="linear", orderLinkId="one")

    listed = exchange.clock.run(trade())

    assert [row["orderLinkId"] for row in listed["result"]["list"]] == ["one"]


@pytest.mark.parametrize("passed_ns", [249_016_712_353, 123_456_789_123, 5_000_000_001])
def test_an_exchange_begins_at_any_moment_of_a_shared_clock(passed_ns):
    """A wait that is shorter than the clock's float can tell must not be waited for."""
    clock = VirtualClock()
    clock.time.passed_ns = passed_ns

    with VirtualExchange(clock=clock, **SETTINGS):
        clock.advance(30)

    assert clock.time.passed_ns == passed_ns + 30 * 10**9
