"""The private stream against a server that does what a test tells it."""

import asyncio
import json
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from picows import WSListener, WSMsgType, ws_create_server

from synthcore.backoff import Backoff
from synthcore.errors import VenueRefused, VenueUnreachable
from synthcore.model import Fill, OrderState, Position
from synthcore.orders.gateway import StreamDown, StreamUp
from synthcore.orders.private import PrivateStream
from synthcore.venues.bybit.signing import Signer

KEY, SECRET = "KEY-0000000001", "marker-secret-5510"
NOW_MS = 1_700_000_000_000
ORDER = {
    "topic": "order",
    "id": "1",
    "creationTime": NOW_MS,
    "data": [
        {
            "symbol": "BTCUSDT",
            "orderId": "o-1",
            "orderLinkId": "st1-1-L-e0",
            "side": "Buy",
            "positionIdx": 1,
            "orderStatus": "Cancelled",
            "qty": "0.016",
            "cumExecQty": "0.004",
            "avgPrice": "60000.1",
            "updatedTime": str(NOW_MS),
            "a field of next year": {},
        }
    ],
}
EXECUTION = {
    "symbol": "BTCUSDT",
    "orderId": "o-1",
    "orderLinkId": "st1-1-L-e0",
    "execId": "x-1",
    "side": "Buy",
    "execPrice": "60000.1",
    "execQty": "0.004",
    "execFee": "0.132",
    "execType": "Trade",
}
POSITION = {
    "symbol": "BTCUSDT",
    "positionIdx": 2,
    "side": "",
    "size": "0",
    "entryPrice": "0",
    "positionIM": "",
}


class Server(WSListener):
    """Takes the key, unless told otherwise; answers pings while it is not mute."""

    def __init__(self, book) -> None:
        self.book = book

    def on_ws_connected(self, transport):
        self.book.transports.append(transport)

    def on_ws_frame(self, transport, frame):
        if frame.msg_type != WSMsgType.TEXT:
            return
        request = json.loads(frame.get_payload_as_bytes())
        self.book.requests.append(request)
        if self.book.is_mute and request["op"] == "ping":
            return
        reply = {"op": request["op"], "success": self.book.takes_key, "ret_msg": self.book.reason}
        transport.send(WSMsgType.TEXT, json.dumps(reply).encode())


class Book:
    """What the server saw, and how it behaves."""

    def __init__(self) -> None:
        self.transports, self.requests = [], []
        self.takes_key, self.reason, self.is_mute = True, "", False
        self.url = ""

    def push(self, message) -> None:
        text = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.transports[-1].send(WSMsgType.TEXT, text)


@asynccontextmanager
async def serving():
    book = Book()
    server = await ws_create_server(lambda request: Server(book), "127.0.0.1", 0)
    book.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v5/private"
    try:
        yield book
    finally:
        server.close()


class Heard:
    """The events, and a way to wait for the next ones."""

    def __init__(self) -> None:
        self.events = []
        self._changed = asyncio.Event()

    def __call__(self, event) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, count: int) -> list:
        async with asyncio.timeout(5):
            while len(self.events) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.events


@asynccontextmanager
async def listening(book, heard, **options):
    backoff = Backoff(first_s=0.01, limit_s=0.05)
    stream = PrivateStream(book.url, Signer(KEY, SECRET), lambda: NOW_MS, heard, backoff, **options)
    await stream.start()
    try:
        yield stream
    finally:
        await stream.close()


async def test_it_authenticates_then_subscribes():
    heard = Heard()
    async with serving() as book, listening(book, heard):
        auth, subscribe = book.requests

    expires_ms = auth["args"][1]
    assert auth["args"] == [KEY, expires_ms, Signer(KEY, SECRET).ws_auth(expires_ms)]
    assert expires_ms > NOW_MS
    assert {"order", "execution", "position"} <= set(subscribe["args"])
    assert heard.events == [StreamUp()]


async def test_rows_become_events():
    heard = Heard()
    async with serving() as book, listening(book, heard):
        book.push(ORDER)
        book.push({"topic": "execution", "id": "2", "creationTime": NOW_MS, "data": [EXECUTION]})
        book.push({"id": "3", "topic": "position", "creationTime": NOW_MS, "data": [POSITION]})
        _, order, fill, position = await heard.until(4)

    assert isinstance(order, OrderState)
    assert (order.status, order.filled_qty, order.is_final) == ("Cancelled", Decimal("0.004"), True)
    assert isinstance(fill, Fill)
    assert (fill.exec_id, fill.qty, fill.fee) == ("x-1", Decimal("0.004"), Decimal("0.132"))
    assert isinstance(position, Position)
    assert (position.position_idx, position.size) == (2, 0)


async def test_funding_is_no_fill():
    heard = Heard()
    async with serving() as book, listening(book, heard):
        funding = EXECUTION | {"execType": "Funding"}
        book.push({"topic": "execution", "id": "2", "creationTime": NOW_MS, "data": [funding]})
        book.push(ORDER)
        events = await heard.until(2)

    assert [type(event) for event in events] == [StreamUp, OrderState]


@pytest.mark.parametrize(
    "frame",
    [
        b"not json",
        b"[]",
        b'{"topic":"order","id":"1","creationTime":1,"data":[{"symbol":"BTCUSDT"}]}',
        json.dumps(ORDER).replace("0.004", "many").encode(),
        b'{"topic":"of next year","data":[{}]}',
    ],
)
async def test_a_malformed_frame_costs_neither_the_connection_nor_the_next_frame(frame):
    heard = Heard()
    async with serving() as book, listening(book, heard) as stream:
        book.push(frame)
        book.push(ORDER)
        events = await heard.until(2)
        is_up = stream.is_up

    assert isinstance(events[1], OrderState)
    assert is_up


async def test_a_closed_connection_is_said_and_made_anew():
    heard = Heard()
    async with serving() as book, listening(book, heard) as stream:
        book.transports[-1].disconnect(graceful=False)
        events = await heard.until(3)

    assert [type(event) for event in events] == [StreamUp, StreamDown, StreamUp]
    assert stream.reconnects == 1
    assert [request["op"] for request in book.requests] == ["auth", "subscribe"] * 2


async def test_a_silent_connection_is_given_up():
    heard = Heard()
    async with serving() as book, listening(book, heard, ping_every_s=0.02):
        book.is_mute = True
        events = await heard.until(3)

    assert events[1] == StreamDown("the connection fell silent")


async def test_a_refused_key_is_said_without_showing_it():
    heard = Heard()
    async with serving() as book:
        book.takes_key, book.reason = False, f"API key {KEY} is invalid"
        stream = PrivateStream(book.url, Signer(KEY, SECRET), lambda: NOW_MS, heard)
        with pytest.raises(VenueRefused) as refused:
            await stream.start()

    assert refused.value.error_class == "auth_clock"
    assert KEY not in str(refused.value)
    assert heard.events == []


async def test_nobody_there_is_unreachable():
    stream = PrivateStream("ws://127.0.0.1:1/v5/private", Signer(KEY, SECRET), lambda: NOW_MS, Heard())

    with pytest.raises(VenueUnreachable, match="no connection"):
        await stream.start()
