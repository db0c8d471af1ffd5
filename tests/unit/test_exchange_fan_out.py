"""What is published in one turn: each connection has its own topics' frames in order, in one write."""

from __future__ import annotations

import asyncio

import pytest

from synthcore.exchange.in_process.transport import InProcessTransport
from synthcore.exchange.public import PublicStream
from synthcore.exchange.wire import messages

TOPICS = ("a", "b", "c")


class Wire(InProcessTransport):
    """Keeps the writes of a connection."""

    def __init__(self):
        super().__init__(lambda kind, message, code: None, lambda: None)
        self.writes = []
        self.underlying_transport.write = self.writes.append

    def send(self, kind, text):
        self.writes.append(b"sent: " + text)


@pytest.fixture
def stream():
    return PublicStream(TOPICS, lambda topic, ts_ms: None, lambda: 0)


def connected(stream, *topics):
    session, wire = stream.session("id"), Wire()
    session.on_ws_connected(wire)
    stream.sessions.subscribe(session, topics)
    return session, wire


def published(stream, *frames):
    async def turn():
        for topic, text in frames:
            stream.publish(topic, text)
        await asyncio.sleep(0)

    asyncio.run(turn())


def texts(wire):
    return [list(messages(write)) for write in wire.writes]


def test_clients_with_the_same_topics_are_written_one_object(stream):
    wires = [connected(stream, "a", "b")[1] for _ in range(3)]

    published(stream, ("a", b"1"), ("b", b"2"), ("c", b"3"), ("a", b"4"))

    assert [texts(wire) for wire in wires] == [[[b"1", b"2", b"4"]]] * 3
    assert len({id(wire.writes[0]) for wire in wires}) == 1


def test_clients_with_other_topics_have_their_own_frames_in_order(stream):
    (_, all_of_them), (_, one), (_, two) = (connected(stream, *topics) for topics in ("abc", "b", "ca"))

    published(stream, ("a", b"1"), ("b", b"2"), ("c", b"3"), ("a", b"4"), ("b", b"5"))

    assert texts(all_of_them) == [[b"1", b"2", b"3", b"4", b"5"]]
    assert texts(one) == [[b"2", b"5"]]
    assert texts(two) == [[b"1", b"3", b"4"]]


def test_who_comes_or_goes_changes_what_is_written_next(stream):
    (first, here), (_, there) = connected(stream, "a"), connected(stream, "a")
    published(stream, ("a", b"1"))

    stream.sessions.unsubscribe(first, ["a"])
    _, late = connected(stream, "a", "b")
    published(stream, ("a", b"2"), ("b", b"3"))

    assert texts(here) == [[b"1"]]
    assert texts(there) == [[b"1"], [b"2"]]
    assert texts(late) == [[b"2", b"3"]]


def test_a_slow_connection_gets_each_frame_by_itself_and_the_others_share_theirs(stream):
    (slow, lagging), (_, other) = connected(stream, "a"), connected(stream, "a")
    slow.slow_down(0.001)

    async def story():
        stream.publish("a", b"1")
        stream.publish("a", b"2")
        while len(lagging.writes) < 2:
            await asyncio.sleep(0.001)

    asyncio.run(story())

    assert lagging.writes == [b"sent: 1", b"sent: 2"]
    assert texts(other) == [[b"1", b"2"]]


def test_what_is_sent_goes_out_after_what_was_published(stream):
    (session, wire), (_, other) = connected(stream, "a"), connected(stream, "a")

    async def story():
        stream.publish("a", b"1")
        session.send(b"reply")
        stream.publish("a", b"2")
        await asyncio.sleep(0)

    asyncio.run(story())

    assert [wire.writes[1], *texts_of(wire.writes[0]), *texts_of(wire.writes[2])] == [
        b"sent: reply",
        b"1",
        b"2",
    ]
    assert texts(other) == [[b"1"], [b"2"]]


def texts_of(write):
    return list(messages(write))
