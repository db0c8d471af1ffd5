"""The fast lane beside the other ways of an order: writing its frame, and from the decision to the server."""

from __future__ import annotations

import asyncio
import contextlib
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from msgspec.structs import replace

from synthcore._core.affinity import choose_cores
from synthcore._core.kernel import Kernel
from synthcore._core.lane import Lane, Spent, Wire
from synthcore._core.pipeline import Pipeline
from synthcore.bench.loops import write_frames
from synthcore.bench.pairs import urgent
from synthcore.bench.question import Measure, latencies, median_of
from synthcore.environment import Credentials
from synthcore.feed.thread import new_event_loop
from synthcore.model import OrderRequest
from synthcore.orders.bybit import BybitBackend
from synthcore.orders.fast import FastSocket
from synthcore.qualification import QualificationRules
from synthcore.risk.sizing import close_side
from synthcore.secret import Secret

BID, ASK = 60000.0, 60000.1
PACE_S = 0.001
VALID_NS = 10**12


def socket_to(port: int) -> FastSocket:
    credentials = Credentials(api_key=Secret("benchBenchBenchBen"), api_secret=Secret("benchBench"))
    backend = BybitBackend(("http://127.0.0.1",), "ws://127.0.0.1/", credentials)
    return FastSocket(f"ws://127.0.0.1:{port}/v5/trade", backend)


def allow(lane: Lane, socket: FastSocket, order: OrderRequest) -> None:
    """Fill the slot as the gate does."""
    short = replace(order, side=close_side(0), link_id=f"{order.link_id}s", position_idx=2)
    now_ns = time.monotonic_ns()
    lane.fill(
        0,
        (socket.frame(order), socket.frame(short)),
        expires_ns=now_ns + VALID_NS,
        least_bid=0.0,
        most_ask=1e9,
        server_offset_ns=time.time_ns() - now_ns,
        tick_size=Decimal("0.1"),
        max_cross_bps=Decimal(5),
        begun=b"-",
    )


@contextmanager
def deciding(lane: Lane) -> Iterator[Callable[[], Spent]]:
    """The production kernel, which decides on a tick of ours, in this thread."""
    kernel = Kernel(1, QualificationRules())
    kernel.set_inputs(0, spread_bps=50.0, funding_delta=0.0075, position_size=1000.0, fees_bps=11.0)
    kernel.send_by(lane)
    with Pipeline(kernel) as pipeline:
        pipeline.start("inline")

        def decide() -> Spent:
            kernel.set_armed(0, True)
            pipeline.push(0, BID, ASK, 1.0, 1.0, 0, time.monotonic_ns())
            (spent,) = lane.drain()
            lane.clear(0)
            return spent

        yield decide


# ── writing a frame ───────────────────────────────────────────────────────────────────────────────────────


def written(order: OrderRequest, builds: int) -> Measure:
    """Ns for one frame, its limit, time and text."""
    lane = lane_of(order)
    return lambda: median_of(lambda: write_frames(lane, BID, ASK, builds))


def lane_of(order: OrderRequest) -> Lane:
    """A lane that allows this order and its hedge, and sends nowhere."""

    async def filled() -> Lane:
        lane = Lane(1, Wire())
        allow(lane, socket_to(0), order)
        return lane

    return asyncio.run(filled())


# ── to the server ─────────────────────────────────────────────────────────────────────────────────────────


def to_server(
    sink: Callable[[], contextlib.AbstractContextManager[tuple[int, list[int]]]],
    order: OrderRequest,
    warm_up: int,
    orders: int,
) -> Measure:
    """Ns from each decision until the first of its two frames was read by a server.

    Parameters
    ----------
    sink
        Serves one connection: its port, and when it read something, complete once it has ended.
    """

    async def place_all(port: int) -> list[Spent]:
        socket = socket_to(port)
        running = asyncio.create_task(socket.run())
        while not socket.is_up:
            await asyncio.sleep(PACE_S)
        lane = Lane(1, socket.wire)
        spent = []
        with deciding(lane) as decide:
            for _ in range(warm_up + orders):
                allow(lane, socket, order)
                spent.append(decide())
                await asyncio.sleep(PACE_S)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await socket.close()
        return spent

    def measure() -> object:
        feed_core, _ = choose_cores()
        with (
            sink() as (port, stamps_ns),
            urgent(feed_core),
            asyncio.Runner(loop_factory=new_event_loop) as run,
        ):
            spent = run.run(place_all(port))
        came_ns = [stamps_ns[bisect_left(stamps_ns, one.decided_ns)] for one in spent]
        taken = [came - one.decided_ns for came, one in zip(came_ns, spent, strict=True)]
        return latencies([float(ns) for ns in taken[warm_up:]])

    return measure  # type: ignore[return-value]
