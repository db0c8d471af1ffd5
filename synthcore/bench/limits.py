"""The machine's own limits: what a cache line, a wake-up, a system call and the loopback cost here."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from synthcore._core.affinity import choose_cores, pin
from synthcore._core.idle import IdleStates
from synthcore.bench.loops import CacheLine, Sleeper, echo, rest_until, round_trips, system_calls
from synthcore.bench.pairs import beside, both
from synthcore.bench.question import Effort, binned, latencies
from synthcore.bench.result import Limit

T = TypeVar("T")

CACHE_LINE = "cache line, one way"
WAKE_UP = "futex wake-up"
WAKE_UP_HALTED = "futex wake-up, cores may halt"
WAKE_UP_BUSY = "futex wake-up, an ordinary thread computes there"
SYSTEM_CALL = "system call"
ROUND_TRIP = "loopback TCP round trip, 200 bytes"

HOPS = 200
MESSAGE_BYTES = 200
OCCUPY_NS = 50_000  # at a time, in which nothing sleeps
WAKE_UP_EVERY_NS = 1_000_000


def measure(idle: IdleStates, effort: Effort) -> list[Limit]:
    """Measure all of them; takes about a second."""
    found = {
        CACHE_LINE: cache_line(effort.count(200)),
        WAKE_UP: wake_ups(effort.count(200)),
        WAKE_UP_HALTED: while_released(idle, lambda: wake_ups(effort.count(200))),
        WAKE_UP_BUSY: wake_ups_of_a_busy_core(effort.count(200)),
        SYSTEM_CALL: [system_calls(2000) for _ in range(20)],
        ROUND_TRIP: loopback(effort.count(2000)),
    }
    return [limit(name, samples_ns) for name, samples_ns in found.items()]


def limit(name: str, samples_ns: list[float]) -> Limit:
    reading = latencies(samples_ns)
    return Limit(name=name, p50=reading.value, p99=reading.p99 or reading.value, bins=binned(samples_ns))


def cache_line(batches: int) -> list[float]:
    """Ns for one way between the two cores, each the mean of a few hundred hops."""
    line = CacheLine()
    one_way, _ = both(lambda: line.serve(1 + batches, HOPS), lambda: line.give_back(1 + batches, HOPS))
    return one_way[1:]  # the first waited for the other thread


def wake_ups(count: int) -> list[float]:
    sleeper = Sleeper()
    taken, _ = both(lambda: sleeper.sleep(count), lambda: sleeper.wake(count, WAKE_UP_EVERY_NS))
    return [float(ns) for ns in taken]


def wake_ups_of_a_busy_core(count: int) -> list[float]:
    """Ns until an urgent thread has taken its core from another that needs no interpreter."""
    with beside(occupy):
        return wake_ups(count)


def occupy(is_over: threading.Event) -> None:
    """Keep the strategy's core busy."""
    pin(choose_cores()[1])
    while not is_over.is_set():
        rest_until(time.monotonic_ns() + OCCUPY_NS)


def while_released(idle: IdleStates, run: Callable[[], T]) -> T:
    was_held = idle.held
    idle.release()
    try:
        return run()
    finally:
        if was_held:
            idle.hold()


def loopback(count: int) -> list[float]:
    """Ns for a message there and back; both ends block in recv."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = socket.create_connection(listening.getsockname())
        there, _ = listening.accept()
    with here, there:
        for end in (here, there):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _, taken = both(
            lambda: echo(there.fileno(), count, MESSAGE_BYTES),
            lambda: round_trips(here.fileno(), count, MESSAGE_BYTES),
        )
    return [float(ns) for ns in taken]
