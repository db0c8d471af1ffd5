"""The trade socket against a server that does what a test tells it."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from picows import WSListener, WSMsgType, ws_create_server

from synthcore.backoff import Backoff
from synthcore.errors import OutcomeUnknown, VenueRefused, VenueUnreachable
from synthcore.orders.socket import TradeSocket
from synthcore.venues.bybit.signing import Signer

KEY, SECRET = "KEY-0000000001", "marker-secret-7712"
NOW_MS = 1_700_000_000_000
CREATE = "/v5/order/create"
BODY = b'{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Market","qty":"0.01"}'
LIMITS = {
    "X-Bapi-Limit": "10",
    "X-Bapi-Limit-Status": "9",
    "X-Bapi-Limit-Reset-Timestamp": str(NOW_MS + 1000),
}


class Venue(WSListener):
    """Signs in whom it is told to; everything else is answered by the test."""

    def __init__(self, server) -> None:
        self.server = server

    def on_ws_connected(self, transport):
        self.server.transports.append(transport)

    def on_ws_frame(self, transport, frame):
        if frame.msg_type != WSMsgType.TEXT:
            return
        request = json.loads(frame.get_payload_as_bytes())
        if request["op"] == "auth":
            answer = {"op": "auth", "retCode": self.server.auth_code, "retMsg": f"no {KEY}", "connId": "c"}
            transport.send(WSMsgType.TEXT, json.dumps(answer).encode())
            return
        self.server.requests.append(request)
        self.server.answer(transport, request)


class Server:
    def __init__(self) -> None:
        self.transports, self.requests = [], []
        self.auth_code = 0
        self.answer = answered()
        self.url = ""


def answered(code=0, message="OK", data=None):
    """Answers every call alike."""

    def answer(transport, request) -> None:
        reply = {
            "reqId": request["reqId"],
            "retCode": code,
            "retMsg": message,
            "op": request["op"],
            "data": {"orderId": "o-1", "orderLinkId": "l-1"} if data is None else data,
            "header": LIMITS,
            "connId": "c",
        }
        transport.send(WSMsgType.TEXT, json.dumps(reply).encode())

    return answer


def silent(transport, request) -> None:
    """Takes the call and says nothing."""


def cut(transport, request) -> None:
    transport.disconnect(graceful=False)


@asynccontextmanager
async def connected(server=None, **options):
    server = Server() if server is None else server
    listening = await ws_create_server(lambda request: Venue(server), "127.0.0.1", 0)
    server.url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v5/trade"
    trade_socket = TradeSocket(
        server.url, Signer(KEY, SECRET), lambda: float(NOW_MS), Backoff(first_s=0.01, limit_s=0.01), **options
    )
    try:
        await trade_socket.start()
        yield server, trade_socket
    finally:
        await trade_socket.close()
        listening.close()


async def test_a_call_goes_out_whole_and_its_answer_comes_back():
    async with connected() as (server, trade_socket):
        reply, sent_ns, acked_ns = await trade_socket.order_call(CREATE, BODY, 1000)

    (request,) = server.requests
    assert request["op"] == "order.create"
    assert request["args"] == [json.loads(BODY)]
    assert request["header"] == {"X-BAPI-TIMESTAMP": str(NOW_MS), "X-BAPI-RECV-WINDOW": "1000"}
    assert json.loads(bytes(reply.result)) == {"orderId": "o-1", "orderLinkId": "l-1"}
    assert 0 < sent_ns <= acked_ns


async def test_answers_find_their_calls_in_any_order():
    held = []

    def answer(transport, request):
        held.append((transport, request))
        if len(held) == 3:
            for each in (held[2], held[0], held[1]):
                answered(data={"orderId": each[1]["args"][0]["n"]})(*each)

    async with connected() as (server, trade_socket):
        server.answer = answer
        calls = (trade_socket.order_call(CREATE, b'{"n":"%d"}' % n, 1000) for n in range(3))
        replies = await asyncio.gather(*calls)

    assert [json.loads(bytes(reply.result))["orderId"] for reply, _, _ in replies] == ["0", "1", "2"]


async def test_a_refusal_has_its_class_and_no_key_in_it():
    async with connected() as (server, trade_socket):
        server.answer = answered(110007, f"ab not enough for {KEY}")
        with pytest.raises(VenueRefused) as refused:
            await trade_socket.order_call(CREATE, BODY, 1000)

    assert (refused.value.code, refused.value.error_class) == (110007, "account")
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("code", [10016, 20006, 110072])
async def test_a_code_that_leaves_the_order_in_doubt_is_no_refusal(code):
    async with connected() as (server, trade_socket):
        server.answer = answered(code, "busy")
        with pytest.raises(OutcomeUnknown):
            await trade_socket.order_call(CREATE, BODY, 1000)


async def test_silence_is_an_unknown_outcome_and_the_connection_is_made_anew():
    async with connected(answer_within_s=0.05) as (server, trade_socket):
        server.answer = silent
        with pytest.raises(OutcomeUnknown):
            await trade_socket.order_call(CREATE, BODY, 1000)
        assert not trade_socket.is_up  # a close that follows must not be lost there, too
        server.answer = answered()
        async with asyncio.timeout(5):
            while not trade_socket.is_up:
                await asyncio.sleep(0.001)
        await trade_socket.order_call(CREATE, BODY, 1000)

    assert trade_socket.reconnects == 1


async def test_a_late_answer_harms_nobody():
    held = []
    async with connected(answer_within_s=0.05) as (server, trade_socket):
        server.answer = lambda *call: held.append(call)
        with pytest.raises(OutcomeUnknown):
            await trade_socket.order_call(CREATE, BODY, 1000)
        server.answer = answered()
        async with asyncio.timeout(5):
            while not trade_socket.is_up:
                await asyncio.sleep(0.001)
        answered()(server.transports[-1], held[0][1])
        await trade_socket.order_call(CREATE, BODY, 1000)


async def test_calls_in_flight_when_the_socket_breaks_are_unknown():
    async with connected() as (server, trade_socket):
        server.answer = silent
        first = asyncio.ensure_future(trade_socket.order_call(CREATE, BODY, 1000))
        while not server.requests:
            await asyncio.sleep(0)
        server.answer = cut
        results = await asyncio.gather(
            first, trade_socket.order_call(CREATE, BODY, 1000), return_exceptions=True
        )

    assert [type(result) for result in results] == [OutcomeUnknown, OutcomeUnknown]


async def test_a_broken_socket_takes_no_call_until_it_is_back():
    async with connected() as (server, trade_socket):
        server.transports[0].disconnect(graceful=False)
        while trade_socket.is_up:
            await asyncio.sleep(0)
        with pytest.raises(VenueUnreachable):
            await trade_socket.order_call(CREATE, BODY, 1000)
        async with asyncio.timeout(5):
            while not trade_socket.is_up:
                await asyncio.sleep(0.001)
        await trade_socket.order_call(CREATE, BODY, 1000)

    assert trade_socket.reconnects == 1
    assert len(server.requests) == 1


async def test_a_key_that_is_refused_ends_the_start():
    server = Server()
    server.auth_code = 10003
    with pytest.raises(VenueRefused) as refused:
        async with connected(server):
            pass

    assert refused.value.error_class == "auth_clock"
    assert KEY not in str(refused.value)


async def test_the_headers_of_an_answer_are_told():
    async with connected() as (_, trade_socket):
        seen = []
        trade_socket.on_rate_limit(seen.append)
        await trade_socket.order_call(CREATE, BODY, 1000)

    assert [(each.path, each.limit, each.remaining) for each in seen] == [(CREATE, 10, 9)]
