"""Control messages over a real socket: replies in Bybit's shapes, all topics of a request or none."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from picows import WSListener, WSMsgType, ws_connect, ws_create_server

from synthcore.exchange.sessions import Session, Sessions, handler_not_found

WAIT_S = 5.0


class TwoTopics(Session):
    def refusal(self, topic):
        return None if topic in ("a", "b") else handler_not_found(topic)

    def on_subscribed(self, topics):
        for topic in topics:
            self.send_json({"snapshot": topic})


class Client(WSListener):
    def __init__(self):
        self.frames = asyncio.Queue()

    def on_ws_connected(self, transport):
        self.transport = transport

    def on_ws_frame(self, transport, frame):
        self.frames.put_nowait(frame.get_payload_as_bytes())

    async def ask(self, text):
        self.transport.send(WSMsgType.TEXT, text if isinstance(text, bytes) else json.dumps(text).encode())
        return await self.next()

    async def next(self):
        return json.loads(await asyncio.wait_for(self.frames.get(), WAIT_S))


@asynccontextmanager
async def connected(sessions, delay_s=0.0):
    server = await ws_create_server(
        lambda request: TwoTopics(sessions, "conn-1", lambda: 1700000000000, lambda: delay_s), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    transport, client = await ws_connect(Client, f"ws://127.0.0.1:{port}/v5/public/linear")
    try:
        yield client
    finally:
        transport.disconnect()
        await transport.wait_disconnected()
        server.close()


@pytest.fixture
async def sessions():
    return Sessions()


@pytest.fixture
async def client(sessions):
    async with connected(sessions) as client:
        yield client


async def test_a_subscription_is_answered_and_then_served(client, sessions):
    reply = await client.ask({"req_id": "r1", "op": "subscribe", "args": ["a", "b"]})

    assert reply == {"success": True, "ret_msg": "", "conn_id": "conn-1", "req_id": "r1", "op": "subscribe"}
    assert [await client.next(), await client.next()] == [{"snapshot": "a"}, {"snapshot": "b"}]
    assert len(sessions.of("a")) == 1


async def test_one_bad_topic_voids_the_whole_request(client, sessions):
    reply = await client.ask({"op": "subscribe", "args": ["a", "nonsense", "b"]})

    assert reply["success"] is False
    assert reply["ret_msg"] == "error:handler not found,topic:nonsense"
    assert reply["req_id"] == ""
    assert not sessions.has("a")


async def test_a_topic_asked_for_twice_is_refused_and_the_first_stays(client, sessions):
    await client.ask({"op": "subscribe", "args": ["a"]})
    await client.next()

    again = await client.ask({"op": "subscribe", "args": ["a"]})

    assert again["ret_msg"] == "error:already subscribed,topic:a"
    assert len(sessions.of("a")) == 1


async def test_an_unsubscribed_topic_has_no_subscriber_left(client, sessions):
    await client.ask({"op": "subscribe", "args": ["a"]})
    await client.next()

    reply = await client.ask({"op": "unsubscribe", "args": ["a", "b"]})

    assert reply["success"] is True
    assert not sessions.has("a")


async def test_a_ping_is_answered_with_a_pong_whose_op_stays_ping(client):
    reply = await client.ask({"req_id": "p", "op": "ping"})

    assert reply == {"success": True, "ret_msg": "pong", "conn_id": "conn-1", "req_id": "p", "op": "ping"}


@pytest.mark.parametrize("text", [b"not json", b"[]", b"{}", b'{"op":7}', b'{"op":"dance"}', b"\xff\xfe"])
async def test_nonsense_is_refused_and_the_connection_survives(client, text):
    refused = await client.ask(text)
    pong = await client.ask({"op": "ping"})

    assert refused["success"] is False
    assert refused["ret_msg"] == "error:invalid op"
    assert pong["ret_msg"] == "pong"


async def test_a_message_in_two_fragments_is_one_message(client):
    client.transport.send(WSMsgType.TEXT, b'{"op":', fin=False)
    client.transport.send(WSMsgType.CONTINUATION, b'"ping"}', fin=True)

    assert (await client.next())["ret_msg"] == "pong"


async def until_asked(session, count):
    """Wait until so many operations wait."""
    async with asyncio.timeout(WAIT_S):
        while session._asked is None or len(session._asked._waiting) < count:
            await asyncio.sleep(0)


async def test_an_operation_that_takes_its_time_holds_no_frame_up(sessions):
    async with connected(sessions, delay_s=0.05) as client:
        await client.ask({"op": "subscribe", "args": ["a"]})
        await client.next()

        for request in ({"op": "subscribe", "args": ["b"]}, {"op": "ping"}):
            client.transport.send(WSMsgType.TEXT, json.dumps(request).encode())
        (session,) = sessions
        await until_asked(session, 2)
        session.send_json({"market": "a"})

        said = [await client.next() for _ in range(4)]

    assert said[0] == {"market": "a"}
    assert [message.get("op", "push") for message in said[1:]] == ["subscribe", "push", "ping"]


async def test_who_hangs_up_before_an_operation_is_carried_out_is_not_subscribed(sessions):
    async with connected(sessions, delay_s=0.05) as client:
        client.transport.send(WSMsgType.TEXT, b'{"op":"subscribe","args":["a"]}')
        (session,) = sessions
        await until_asked(session, 1)

    async with asyncio.timeout(WAIT_S):
        while session._asked._waiting:
            await asyncio.sleep(0)

    assert not sessions.has("a")


async def test_who_hangs_up_is_forgotten(sessions):
    async with connected(sessions) as client:
        await client.ask({"op": "subscribe", "args": ["a"]})

    async with asyncio.timeout(WAIT_S):
        while len(sessions):
            await asyncio.sleep(0)

    assert not sessions.has("a")
