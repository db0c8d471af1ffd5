"""Messages that came together share the writes of what they bring; no write waits for a later turn."""

import asyncio
import json

import pytest
from exchange_edge import BUY, Edge
from picows import WSMsgType

from synthcore.exchange.faults.skew_clock import SkewClock
from synthcore.exchange.in_process.transport import InProcessTransport
from synthcore.exchange.turn import MOST_TOGETHER, Turn
from synthcore.exchange.wire import messages


class Connection:
    """Counts its writes."""

    def __init__(self):
        self.writes = 0

    def flush(self):
        self.writes += 1


def writes_after(flushes, *, is_troubled=False):
    """Writes of a connection at the end of the turn in which it was flushed, and after it."""

    async def story():
        turn, connection = Turn(lambda: is_troubled), Connection()
        turn.begin()
        for _ in range(flushes):
            turn.flush(connection)
        at_once = connection.writes
        await asyncio.sleep(0)
        later = connection.writes
        turn.flush(connection)
        return at_once, later, connection.writes

    return asyncio.run(story())


def test_flushes_of_one_turn_are_one_write_and_the_turn_ends():
    assert writes_after(3) == (0, 1, 2)


def test_the_first_of_a_long_burst_does_not_wait_for_all_of_it():
    assert writes_after(MOST_TOGETHER + 1) == (1, 2, 3)


def test_nothing_waits_where_something_may_go_wrong_between_two_writes():
    assert writes_after(3, is_troubled=True) == (3, 3, 4)


class Wire(InProcessTransport):
    """Keeps the writes of a connection, each with its messages."""

    def __init__(self):
        super().__init__(lambda kind, message, code: None, lambda: None)
        self.writes = []

    def write(self, data):
        self.writes.append([json.loads(message) for message in messages(data)])


class Message:
    """A text message of a client, which others may stand behind in what was read."""

    msg_type, fin = WSMsgType.TEXT, True

    def __init__(self, content, *, last_in_buffer):
        self.content = json.dumps(content).encode()
        self.last_in_buffer = last_in_buffer

    def get_payload_as_bytes(self):
        return self.content


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch)


def connected(edge, stream):
    """A signed-in connection and its wire."""
    session, wire = stream.session("conn-1"), Wire()
    session.on_ws_connected(wire)
    expires_ms = edge.now_ms + 1000
    args = [edge.signer.key, expires_ms, edge.signer.ws_auth(expires_ms)]
    session.on_text(json.dumps({"op": "auth", "args": args}).encode())
    return session, wire


def ordered_together(edge, number):
    """Place so many orders that were read at once: the writes of the trade and of the private socket."""
    trade, replies = connected(edge, edge.venue.trade)
    private, frames = connected(edge, edge.venue.private)
    private.on_text(b'{"op":"subscribe","args":["order"]}')
    header = {"X-BAPI-TIMESTAMP": str(edge.now_ms)}

    async def story():
        for left in reversed(range(number)):
            message = {"op": "order.create", "header": header, "args": [BUY]}
            trade.on_ws_frame(replies, Message(message, last_in_buffer=left == 0))
        await asyncio.sleep(0)

    asyncio.run(story())
    return replies.writes, frames.writes


def test_orders_that_came_together_share_a_write_of_replies_and_one_of_frames(edge):
    replies, frames = ordered_together(edge, 3)

    assert [[reply["retCode"] for reply in write] for write in replies] == [[0, 0, 0]]
    assert [[frame["topic"] for frame in write] for write in frames] == [["order"] * 3]


def test_while_faults_are_armed_each_write_is_its_own(edge):
    edge.venue.faults.add([SkewClock(ms=0)])

    replies, frames = ordered_together(edge, 2)

    assert (len(replies), len(frames)) == (2, 2)
