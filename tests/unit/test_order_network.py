"""The sockets under the HTTP library: what leaves when, and what a broken one says."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic_ns

import httpcore
import pytest
from certificates import certified
from scripted_server import answer, scripted

from synthcore.errors import VenueUnreachable
from synthcore.orders.network import AsyncioBackend, Stream
from synthcore.orders.rest import RestClient
from synthcore.secret import Secret

WAIT_S = 5.0


class Peer(asyncio.Protocol):
    """The other end of one connection: keeps what came in, piece by piece."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes] = asyncio.Queue()
        self.is_closed = asyncio.Event()

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.pieces.put_nowait(data)

    def connection_lost(self, error) -> None:
        self.is_closed.set()


@asynccontextmanager
async def connected():
    peer = Peer()
    server = await asyncio.get_running_loop().create_server(lambda: peer, "127.0.0.1", 0)
    stream = await AsyncioBackend().connect_tcp("127.0.0.1", server.sockets[0].getsockname()[1], WAIT_S)
    assert isinstance(stream, Stream)
    try:
        yield stream, peer
    finally:
        await stream.aclose()
        server.close()


async def test_head_and_body_leave_in_one_piece_when_the_answer_is_awaited():
    async with connected() as (stream, peer):
        await stream.write(b"head ")
        await stream.write(b"body")
        written_ns, stamp_before = monotonic_ns(), stream.sent_ns
        reading = asyncio.create_task(stream.read(100, WAIT_S))
        piece = await asyncio.wait_for(peer.pieces.get(), WAIT_S)
        peer.transport.write(b"answer")
        answered = await reading

    assert stamp_before == 0
    assert piece == b"head body"
    assert answered == b"answer"
    assert written_ns < stream.sent_ns < monotonic_ns()


async def test_more_than_was_asked_for_is_kept_for_the_next_read():
    async with connected() as (stream, peer):
        await stream.write(b"?")
        reading = asyncio.create_task(stream.read(4, WAIT_S))
        await asyncio.wait_for(peer.pieces.get(), WAIT_S)
        peer.transport.write(b"123456")
        parts = [await reading, await stream.read(4, WAIT_S)]

    assert parts == [b"1234", b"56"]


async def test_silence_ends_in_a_read_time_out():
    async with connected() as (stream, _):
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(100, timeout=0.01)


async def test_an_idle_connection_that_was_closed_shows_it_and_sends_no_more():
    async with connected() as (stream, peer):
        was_readable = stream.get_extra_info("is_readable")
        peer.transport.close()
        end = await stream.read(100, WAIT_S)
        await stream.write(b"too late")

        assert not was_readable
        assert end == b""
        assert stream.get_extra_info("is_readable")
        with pytest.raises(httpcore.WriteError):
            await stream.read(100, WAIT_S)
        assert stream.sent_ns == 0


async def test_closing_lets_go_of_the_other_end():
    async with connected() as (stream, peer):
        await stream.aclose()
        await stream.aclose()

        await asyncio.wait_for(peer.is_closed.wait(), WAIT_S)


async def test_orders_over_tls_are_checked_and_sent(tmp_path: Path):
    server_tls, client_tls = certified(tmp_path)
    async with scripted(lambda request: answer(), tls=server_tls) as server:
        trusting = RestClient((server.url,), Secret("K"), Secret("S"), ssl_context=client_tls)
        doubting = RestClient((server.url,), Secret("K"), Secret("S"))
        try:
            reply, sent_ns, acked_ns = await trusting.order_call("/v5/order/create", b"{}", 1000)
            with pytest.raises(VenueUnreachable):
                await doubting.order_call("/v5/order/create", b"{}", 1000)
        finally:
            await trusting.close()
            await doubting.close()

    assert reply.ret_code == 0
    assert 0 < sent_ns < acked_ns
    assert [request.body for request in server.requests] == [b"{}"]


def test_orders_go_out_on_uvloop_too():
    uvloop = pytest.importorskip("uvloop", reason="uvloop isn't installed")

    async def place_two() -> tuple[int, int]:
        async with scripted(lambda request: answer()) as server:
            rest = RestClient((server.url,), Secret("K"), Secret("S"))
            try:
                for _ in range(2):
                    _, sent_ns, acked_ns = await rest.order_call("/v5/order/create", b"{}", 1000)
                    assert 0 < sent_ns < acked_ns
                return len(server.requests), server.connections
            finally:
                await rest.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(place_two()) == (2, 1)
