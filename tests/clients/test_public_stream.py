"""The public stream over real sockets, fed by the generator frame by frame."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from picows import WSListener, WSMsgType, ws_connect, ws_create_server

from synthcore.exchange import sessions as sessions_module
from synthcore.exchange.market.generator import START_MS, Generator
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.public import PublicStream
from synthcore.exchange.settings import ExchangeSettings

WAIT_S = 10.0
LATER_MS = START_MS + 3_600_000
TICKER, TOP, BOOK, TRADES = (
    f"{kind}.BTCUSDT" for kind in ("tickers", "orderbook.1", "orderbook.50", "publicTrade")
)


class World:
    """A market that moves when a test says so, and its public stream."""

    def __init__(self):
        self.market = Generator(instruments_for(["BTCUSDT", "ETHUSDT"]), seed=5)
        self.frames = self.market.frames()
        self.state = MarketState()
        self.stream = PublicStream(self.market.topics, self.state.snapshot, lambda: LATER_MS)

    def play(self, count):
        """Publish that many frames; returns them."""
        played = list(itertools.islice(self.frames, count))
        for frame in played:
            self.state.apply(frame.topic, frame.text)
            self.stream.publish(frame.topic, frame.text)
        return played


class Client(WSListener):
    def __init__(self):
        self.frames = asyncio.Queue()

    def on_ws_connected(self, transport):
        self.transport = transport

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.TEXT:
            self.frames.put_nowait(frame.get_payload_as_bytes())

    def tell(self, **request):
        self.transport.send(WSMsgType.TEXT, json.dumps(request).encode())

    async def ask(self, **request):
        self.tell(**request)
        return await self.next()

    async def raw(self):
        return await asyncio.wait_for(self.frames.get(), WAIT_S)

    async def next(self):
        return json.loads(await self.raw())

    async def until_pong(self):
        """Every message before the answer of a ping: whatever was on its way is among them."""
        self.tell(op="ping", req_id="last")
        found = []
        while (message := await self.next()).get("ret_msg") != "pong":
            found.append(message)
        return found


@asynccontextmanager
async def served(world):
    ids = (f"conn-{number}" for number in itertools.count(1))
    server = await ws_create_server(
        lambda request: world.stream.session(next(ids), request.path.decode().rpartition("/")[2]),
        "127.0.0.1",
        0,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        world.stream.sessions.close()
        server.close()


@pytest.fixture
async def world():
    return World()


@pytest.fixture
async def port(world):
    async with served(world) as port:
        yield port


@asynccontextmanager
async def connected(port, category="linear"):
    transport, client = await ws_connect(Client, f"ws://127.0.0.1:{port}/v5/public/{category}")
    try:
        yield client
    finally:
        transport.disconnect()
        await transport.wait_disconnected()


@pytest.fixture
async def client(port):
    async with connected(port) as client:
        yield client


async def test_an_early_subscriber_reads_the_very_frames_of_the_market(client, world):
    await client.ask(op="subscribe", args=[TICKER, BOOK, TRADES])

    played = [frame for frame in world.play(400) if frame.topic in (TICKER, BOOK, TRADES)]

    assert len(played) > 50
    assert [await client.raw() for _ in played] == [frame.text for frame in played]


async def test_a_late_subscriber_gets_a_snapshot_and_what_follows_fits(client, world):
    world.play(3000)
    topics = [TICKER, TOP, BOOK]
    await client.ask(op="subscribe", args=topics)
    snapshots = [await client.next() for _ in topics]
    mine = MarketState()
    for message in snapshots:
        mine.apply(message["topic"], json.dumps(message).encode())

    world.play(3000)
    last_u = {message["topic"]: message["data"].get("u") for message in snapshots}
    for message in await client.until_pong():
        if message["topic"] == BOOK:
            assert message["data"]["u"] == last_u[BOOK] + 1
            last_u[BOOK] += 1
        mine.apply(message["topic"], json.dumps(message).encode())

    assert [(m["topic"], m["type"], m["ts"]) for m in snapshots] == [
        (topic, "snapshot", LATER_MS) for topic in topics
    ]
    assert mine.ticker("BTCUSDT") == world.state.ticker("BTCUSDT")
    for depth in (1, 50):
        assert mine.levels("BTCUSDT", depth) == world.state.levels("BTCUSDT", depth)


async def test_trades_begin_with_the_next_one(client, world):
    world.play(2000)

    reply = await client.ask(op="subscribe", args=[TRADES], req_id="r")
    world.play(500)

    assert reply["success"] is True
    assert {message["topic"] for message in await client.until_pong()} == {TRADES}


@pytest.mark.parametrize(
    "topic",
    [
        "tickers.XUSDT",
        "tickers.btcusdt",
        "orderbook.20.BTCUSDT",
        "orderbook.BTCUSDT",
        "kline.1.BTCUSDT",
        "order",
        "",
        "tickers.BTCUSDT ",
    ],
)
async def test_one_bad_topic_fails_the_whole_request(client, world, topic):
    reply = await client.ask(op="subscribe", args=[TICKER, topic, BOOK], req_id="7")
    world.play(200)

    assert reply == {
        "success": False,
        "ret_msg": f"error:handler not found,topic:{topic}",
        "conn_id": "conn-1",
        "req_id": "7",
        "op": "subscribe",
    }
    assert await client.until_pong() == []


async def test_a_second_subscription_is_refused_and_the_first_goes_on(client, world):
    await client.ask(op="subscribe", args=[TOP])

    reply = await client.ask(op="subscribe", args=[TICKER, TOP])
    world.play(200)

    assert reply["ret_msg"] == f"error:already subscribed,topic:{TOP}"
    assert {message["topic"] for message in await client.until_pong()} == {TOP}


async def test_an_unsubscribed_topic_is_silent(client, world):
    await client.ask(op="subscribe", args=[TOP, TICKER])

    reply = await client.ask(op="unsubscribe", args=[TOP], req_id="u")
    world.play(200)

    assert (reply["success"], reply["op"], reply["req_id"]) == (True, "unsubscribe", "u")
    assert {message["topic"] for message in await client.until_pong()} == {TICKER}


async def test_a_subscription_that_is_renewed_begins_with_a_snapshot(client, world):
    await client.ask(op="subscribe", args=[BOOK])
    world.play(500)
    await client.until_pong()
    await client.ask(op="unsubscribe", args=[BOOK])

    await client.ask(op="subscribe", args=[BOOK])

    again = await client.next()
    assert again["type"] == "snapshot"
    assert (again["data"]["u"], again["data"]["seq"]) == world.state.numbers("BTCUSDT", 50)


async def test_a_ping_is_answered_in_the_linear_shape(client):
    assert await client.ask(op="ping", req_id="100001") == {
        "success": True,
        "ret_msg": "pong",
        "conn_id": "conn-1",
        "req_id": "100001",
        "op": "ping",
    }


async def test_an_unknown_operation_is_refused(client):
    reply = await client.ask(op="auth", args=[])

    assert (reply["success"], reply["ret_msg"]) == (False, "error:invalid op")


@pytest.mark.parametrize("category", ["spot", "inverse", "option"])
async def test_other_categories_connect_and_have_no_topic(port, category):
    async with connected(port, category) as client:
        reply = await client.ask(op="subscribe", args=[TICKER])

    assert reply["ret_msg"] == f"error:handler not found,topic:{TICKER}"


async def test_all_clients_get_all_frames(port, world):
    async with connected(port) as first, connected(port) as second:
        for client in (first, second):
            await client.ask(op="subscribe", args=[TOP])
        played = [frame.text for frame in world.play(1000) if frame.topic == TOP]

        assert [await first.raw() for _ in played] == played
        assert [await second.raw() for _ in played] == played


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
async def test_a_frame_of_any_length_arrives_whole(client, world, size):
    await client.ask(op="subscribe", args=[TOP])

    world.stream.publish(TOP, b"a" * size)
    world.stream.publish(TOP, b"next")

    assert await client.raw() == b"a" * size
    assert await client.raw() == b"next"


async def test_frames_of_one_turn_share_a_write(client, world, monkeypatch):
    await client.ask(op="subscribe", args=[TOP, TICKER])
    (session,) = world.stream.sessions
    writes = []
    transport = session._transport.underlying_transport
    monkeypatch.setattr(session, "_transport", SimpleNamespace(underlying_transport=SimpleNamespace(
        write=lambda data: (writes.append(data), transport.write(data)),
    )))  # fmt: skip

    for text in (b"one", b"two", b"three"):
        world.stream.publish(TOP, text)

    assert [await client.raw() for _ in range(3)] == [b"one", b"two", b"three"]
    assert writes == [b"\x81\x03one\x81\x03two\x81\x05three"]


async def test_a_reply_does_not_overtake_the_frames_of_its_turn(client, world):
    await client.ask(op="subscribe", args=[TOP])
    (session,) = world.stream.sessions

    world.stream.publish(TOP, b"before")
    session.send(b"reply")
    world.stream.publish(TOP, b"after")

    assert [await client.raw() for _ in range(3)] == [b"before", b"reply", b"after"]


async def test_a_goodbye_comes_after_the_frames_of_its_turn(client, world):
    await client.ask(op="subscribe", args=[TOP])
    (session,) = world.stream.sessions

    world.stream.publish(TOP, b"last")
    session.close()

    assert await client.raw() == b"last"


async def test_a_client_that_does_not_read_is_cut_and_the_others_are_not(port, world, monkeypatch, caplog):
    monkeypatch.setattr(sessions_module, "MAX_UNSENT_BYTES", 500_000)
    caplog.set_level(logging.WARNING)
    async with connected(port) as reading, connected(port) as stuck:
        for client in (reading, stuck):
            await client.ask(op="subscribe", args=[BOOK])
        stuck.transport.underlying_transport.pause_reading()
        count = 0
        while len(world.stream.sessions) == 2 and count < 50_000:
            world.stream.publish(BOOK, b"x" * 8000)
            count += 1
            assert await reading.raw() == b"x" * 8000

        assert len(world.stream.sessions) == 1
        assert caplog.messages == [
            "a client may leave at most 500000 bytes unread, connection conn-2 has more: cut"
        ]


# In its own process


@asynccontextmanager
async def to_exchange(settings):
    with ExchangeProcess(settings) as ready:
        transport, client = await ws_connect(Client, ready.ws_public)
        try:
            yield client
        finally:
            transport.disconnect()


async def test_the_generated_market_is_served_by_the_process():
    symbols = ("BTCUSDT", "SOLUSDT")
    topics = [f"{kind}.{symbol}" for symbol in symbols for kind in ("tickers", "orderbook.1", "orderbook.50")]
    state = MarketState()

    async with to_exchange(ExchangeSettings(symbols=symbols, seed=3, speed=10.0)) as client:
        client.tell(op="subscribe", args=topics)
        messages = [await client.next() for _ in range(200)]

    first = {}
    for message in messages:
        if "topic" in message:
            first.setdefault(message["topic"], message["type"])
            assert state.apply(message["topic"], json.dumps(message).encode())
    assert first == dict.fromkeys(topics, "snapshot")
    assert state.uncrossed == 0
    assert all(len(state.levels(symbol, 50)[0]) == 50 for symbol in symbols)


async def test_the_recording_that_ships_is_served_by_the_process():
    from synthcore.exchange.market.sample import SAMPLE

    async with to_exchange(ExchangeSettings(market=str(SAMPLE), speed=20.0)) as client:
        client.tell(op="subscribe", args=["tickers.ETHUSDT", "orderbook.50.ETHUSDT", "publicTrade.ETHUSDT"])
        messages = [await client.next() for _ in range(150)]

    assert {message.get("topic", "reply") for message in messages} == {
        "reply",
        "tickers.ETHUSDT",
        "orderbook.50.ETHUSDT",
        "publicTrade.ETHUSDT",
    }
