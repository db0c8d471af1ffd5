"""What is left of the fast lane's lead while another Python thread is busy?

A tick over a real socket, by the fast lane and by the desk's trade socket; each alone, and beside a thread
that does nothing but compute in Python. The listener needs the interpreter's lock for its frame, and its own
stamp can't see the wait for it: so it counts from the sender's stamp in the frame, until both orders are with
the kernel. From the listener's stamp on the lane waits for nothing more; the desk does, at each of its steps.

Run, with the project installed:
    python benchmarks/campaign_busy_lane.py [--rounds 7] [--ticks 20]
"""

from __future__ import annotations

import argparse
import json
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, nullcontext

from synthcore.bench.pairs import beside
from synthcore.bench.trades import (
    OneTick,
    Open,
    Stamps,
    Topology,
    Venue,
    config_of,
    one_tick_at_a_time,
    running_exchange,
    wired,
)


def from_the_sender(topology: Topology, *, by_lane: bool) -> Open:
    """Ours: from the frame's writing to the listener's stamp, and until both orders are sent."""

    @asynccontextmanager
    async def opened(venue: Venue) -> AsyncIterator[OneTick]:
        async with wired(venue, config_of(topology), by_socket=True, by_lane=by_lane) as parts:
            pipeline = parts.market.pipeline

            async def one_tick() -> Stamps:
                pipeline.sent_to_queue.reset()
                pipeline.ws_to_queue.reset()
                _, sent_ns, _ = await parts.one_tick()
                heard_ns = pipeline.sent_to_queue.max - pipeline.ws_to_queue.max
                return 0, heard_ns, heard_ns + sent_ns

            yield one_tick

    return opened


WAYS = {
    "fast lane": from_the_sender("inline", by_lane=True),
    "trade socket, `park`": from_the_sender("park", by_lane=False),
}
LOADS = {"alone": False, "beside a busy thread": True}


def compute(is_over: threading.Event) -> None:
    """Hold the interpreter's lock as ordinary code does: until it is asked for."""
    number = 0
    while not is_over.is_set():
        number += 1


def taken(take: Callable[[], Stamps], ticks: int, *, is_busy: bool) -> list[Stamps]:
    with beside(compute) if is_busy else nullcontext():
        return [take() for _ in range(ticks)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--ticks", type=int, default=20)
    given = parser.parse_args()
    found: dict[tuple[str, str], list[Stamps]] = {}
    before = os.getloadavg()
    with ExitStack() as stack:
        exchange = stack.enter_context(running_exchange())
        takes = {name: stack.enter_context(one_tick_at_a_time(exchange, way)) for name, way in WAYS.items()}
        for _ in range(given.rounds):
            for name, take in takes.items():
                for load, is_busy in LOADS.items():
                    found.setdefault((name, load), []).extend(taken(take, given.ticks, is_busy=is_busy))
    print("| µs | | ticks | to the listener: p50 | p90 | p99 | max | to both sent: p50 | p90 | p99 | max |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for (name, load), stamps in found.items():
        heard, sent = (row([one[place] for one in stamps]) for place in (1, 2))
        print(f"| {name} | {load} | {len(stamps)} | {heard} | {sent} |")
    print(json.dumps({"load_before": before, "load_after": os.getloadavg()}))


def row(taken_ns: list[int]) -> str:
    us = sorted(ns / 1e3 for ns in taken_ns)
    p50, p90, p99 = (us[min(len(us) - 1, int(share * len(us)))] for share in (0.5, 0.9, 0.99))
    return f"{p50:,.0f} | {p90:,.0f} | {p99:,.0f} | {us[-1]:,.0f}"


if __name__ == "__main__":
    main()
