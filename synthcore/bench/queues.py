"""Questions about handing 64-byte items from one thread to another, flat out and one at a time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from synthcore._core.ring import Ring
from synthcore.bench.limits import CACHE_LINE, cache_line
from synthcore.bench.loops import pop_all, pop_spaced, push_all, push_spaced
from synthcore.bench.pairs import both
from synthcore.bench.question import Contenders, Effort, Measure, Question, Reading, latencies
from synthcore.bench.rivals import Native

CAPACITY = 4096
ITEMS = 1_000_000
SLOW = {"std::deque+mutex": 20}  # so many times fewer items: contended, it takes that much longer
PYTHON_ITEMS = 50_000
SPACED_ITEMS = 10_000
GAP_NS = 2_000
FORCE_PUSH = "crossbeam force_push"  # drops the oldest, as ours does
ITEM = (1, 99.5, 100.5, 1.0, 2.0, 1_700_000_000_000_000, 123_456_789)


def questions(native: Native) -> list[Question]:
    rivals = [name for name in native.queues if name != FORCE_PUSH]
    return [
        Question(
            name="ring.throughput",
            asks="How many 64-byte items a second cross from thread to thread when nothing may be lost?",
            unit="M/s",
            more_is_better=True,
            contenders=lambda stack, effort: throughput(native, rivals, effort),
            at_least=50.0,
            ratios={"boost::lockfree": 2.0, "crossbeam ArrayQueue": 2.0},
        ),
        Question(
            name="ring.drop-oldest",
            asks="How many a second when the producer never waits and the oldest is dropped?",
            unit="M/s",
            more_is_better=True,
            contenders=lambda stack, effort: drop_oldest(native, effort),
            at_least=50.0,
            ratios={FORCE_PUSH: 2.0},
        ),
        Question(
            name="ring.one-way",
            asks="How long is one item on its way to a spinning consumer?",
            unit="ns",
            contenders=lambda stack, effort: one_way(native, rivals, effort),
            ratios={CACHE_LINE: 1 / 1.6},
        ),
    ]


def throughput(native: Native, rivals: list[str], effort: Effort) -> Contenders:
    items = effort.count(ITEMS)
    return {
        "ring": lambda: flat_out(items, waits=True),
        **{name: native_rate(native, name, items // SLOW.get(name, 1)) for name in rivals},
        "SimpleQueue (Python)": lambda: python_rate(SimpleQueue(), effort.count(PYTHON_ITEMS)),
    }


def drop_oldest(native: Native, effort: Effort) -> Contenders:
    items = effort.count(ITEMS)
    found: Contenders = {"ring, drop-oldest": lambda: flat_out(items, waits=False)}
    if FORCE_PUSH in native.queues:
        found[FORCE_PUSH] = native_rate(native, FORCE_PUSH, items)
    found["deque(maxlen=…) (Python)"] = lambda: deque_rate(effort.count(PYTHON_ITEMS))
    return found


def flat_out(items: int, waits: bool) -> Reading:
    """Millions a second through our ring, from the first push to the last item's pop."""
    ring = Ring(CAPACITY)
    (ended_ns, popped), (begun_ns, _) = both(
        lambda: pop_all(ring, items), lambda: push_all(ring, items, waits)
    )
    assert not waits or popped == items
    return Reading(items / (ended_ns - begun_ns) * 1e3)


def native_rate(native: Native, name: str, items: int) -> Measure:
    def measure() -> Reading:
        found = native.run(native.queues[name], name, "throughput", items)
        return Reading(found.items / found.ns * 1e3)

    return measure


def python_rate(queue: SimpleQueue[Any], items: int) -> Reading:
    """Millions a second through a queue of the standard library: two threads that take turns."""
    return rate(items, lambda: queue.put(ITEM), queue.get)


def deque_rate(items: int) -> Reading:
    queue: deque[Any] = deque(maxlen=CAPACITY)
    return rate(items, lambda: queue.append(ITEM), lambda: queue.popleft() if queue else None)


def rate(items: int, put: Callable[[], object], get: Callable[[], object]) -> Reading:
    """Millions a second, by the producer's time and what the consumer still had to do."""

    def consume() -> None:
        for _ in range(items):
            get()

    thread = threading.Thread(target=consume)
    begun_ns = time.monotonic_ns()
    thread.start()
    for _ in range(items):
        put()
    thread.join()
    return Reading(items / (time.monotonic_ns() - begun_ns) * 1e3)


def one_way(native: Native, rivals: list[str], effort: Effort) -> Contenders:
    items = effort.count(SPACED_ITEMS)
    return {
        "ring": lambda: spaced(items),
        CACHE_LINE: lambda: latencies(cache_line(effort.count(100))),
        **{name: native_one_way(native, name, items) for name in rivals},
    }


def spaced(items: int) -> Reading:
    ring = Ring(CAPACITY)
    taken, _ = both(lambda: pop_spaced(ring, items), lambda: push_spaced(ring, items, GAP_NS))
    return latencies(taken)


def native_one_way(native: Native, name: str, items: int) -> Measure:
    return lambda: latencies(native.run(native.queues[name], name, "one-way", items, GAP_NS).samples_ns)
