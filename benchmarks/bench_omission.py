"""How long do updates take if they are timed from when they were sent, instead of when they were due?

A stream of 1,000/s whose sender is held up for 50 ms once in 200 updates. Timed from the sending, the 49
updates that waited behind it look as quick as all others (coordinated omission); timed from when each was
due, they are as late as they were. docs/bench.md has the figures.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from harness import StampTimer
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore._core.ring import Ring
from synthcore.bench.loops import rest_until

TIMER = StampTimer()
PERIOD_NS = 1_000_000
HELD_UP_S = 0.05
ROUNDS = 400
HELD_UP_EVERY = 200


def stream() -> Callable[[], tuple[int, int]]:
    """A sender; each call sends the next update, and tells its latency from due and from sent, in ns."""
    ring = Ring(64)
    due_ns, number = time.monotonic_ns(), 0

    def send() -> tuple[int, int]:
        nonlocal due_ns, number
        due_ns, number = due_ns + PERIOD_NS, number + 1
        rest_until(due_ns)
        if number % HELD_UP_EVERY == HELD_UP_EVERY // 2:
            time.sleep(HELD_UP_S)
        sent_ns = time.monotonic_ns()
        ring.push(0, 99.5, 100.5, 1.0, 2.0, 0, sent_ns)
        ring.pop()
        taken_ns = time.monotonic_ns()
        return taken_ns - due_ns, taken_ns - sent_ns

    return send


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("moment", ["due", "sent"])
def test_timed_from(benchmark: BenchmarkFixture, moment: str) -> None:
    send = stream()
    latencies_ns = []

    def timed() -> None:
        latencies_ns.append(send()[moment == "sent"])
        TIMER.add(latencies_ns[-1])

    benchmark.pedantic(timed, rounds=ROUNDS)
    assert min(latencies_ns) > 0
