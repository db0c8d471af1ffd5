"""Both legs' frames leave in one write, each a whole masked message that a server reads."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from picows import WSFrame, WSListener, WSTransport, WSUpgradeRequest, ws_connect, ws_create_server

from synthcore._core.kernel import Kernel
from synthcore._core.lane import Lane, Spent
from synthcore._core.pipeline import Pipeline
from synthcore.orders.wire import SocketWire
from synthcore.qualification import QualificationRules

BID, ASK = 60000.0, 60000.1
DATA_SEGS_OUT = 156  # where struct tcp_info has it (linux/tcp.h)


class Heard(WSListener):
    """Keeps each message."""

    def __init__(self, both: asyncio.Event) -> None:
        self.texts: list[bytes] = []
        self._both = both

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.texts.append(frame.get_payload_as_bytes())
        if len(self.texts) == 2:
            self._both.set()


@contextlib.asynccontextmanager
async def connected(heard: Heard) -> AsyncIterator[WSTransport]:
    def accept(request: WSUpgradeRequest) -> WSListener:
        return heard

    server = await ws_create_server(accept, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    transport, _ = await ws_connect(WSListener, url)
    yield transport
    transport.disconnect()
    server.close()


def segments_of(transport: WSTransport) -> int:
    """How many segments with data it has sent, as the kernel counts them."""
    connection = transport.underlying_transport.get_extra_info("socket")
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGS_OUT + 4)
    (count,) = struct.unpack_from("I", told, DATA_SEGS_OUT)
    return int(count)


def spend(lane: Lane, sizes: tuple[int, int]) -> Spent:
    """Allow a trade whose frames have so many bytes beside time and price, and decide on a tick."""
    now_ns = time.monotonic_ns()
    lane.fill(
        0,
        [(b"<", b"-" * (size - 2), b">") for size in sizes],
        expires_ns=now_ns + 10**9,
        least_bid=0.0,
        most_ask=1e9,
        server_offset_ns=1_700_000_000_000 * 1_000_000 - now_ns,
        tick_size=Decimal("0.1"),
        max_cross_bps=Decimal(5),
        begun=b"-",
    )
    kernel = Kernel(1, QualificationRules())
    kernel.set_inputs(0, spread_bps=50.0, funding_delta=0.0075, position_size=1e3, fees_bps=11.0)
    kernel.send_by(lane)
    with Pipeline(kernel) as pipeline:
        pipeline.start("inline")
        pipeline.push(0, BID, ASK, 1.0, 1.0, 0, now_ns)
    (spent,) = lane.drain()
    return spent


@pytest.mark.parametrize("sizes", [(400, 401), (701, 90), (90, 701), (104, 105)])  # with a short header, too
async def test_both_frames_arrive_whole_and_together(sizes: tuple[int, int]) -> None:
    both = asyncio.Event()
    heard = Heard(both)

    async with connected(heard) as transport:
        wire = SocketWire()
        wire.open(transport)
        before = segments_of(transport)
        spent = spend(Lane(1, wire), sizes)
        segments = segments_of(transport) - before
        async with asyncio.timeout(5):
            await both.wait()

    prices = [str(price).encode() for price in spent.limits]
    assert heard.texts == [
        b"<%d%b%b>" % (spent.server_ms, b"-" * (size - 2), price)
        for size, price in zip(sizes, prices, strict=True)
    ]
    assert segments == 1
    assert spent.decided_ns < spent.sent_ns[0] <= spent.sent_ns[1]
