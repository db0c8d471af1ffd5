"""Questions about an update's way from the feed's hands to the strategy's, by topology."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from queue import SimpleQueue

from synthcore._core.affinity import choose_cores, pin, take_precedence
from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore._core.ring import Ring
from synthcore.bench.loops import push_paced, rest_until
from synthcore.bench.pairs import beside, urgent
from synthcore.bench.question import Contenders, Effort, Question, Reading, latencies
from synthcore.qualification import QualificationRules

UPDATES = 300
PERIOD_NS = 1_000_000
POLL_S = 100e-6
SWITCH_INTERVAL_S = 1e-4  # a run's
WAIT_S = 5.0
SIMPLE_QUEUE = "SimpleQueue, two Python threads"


def questions() -> list[Question]:
    return [
        Question(
            name="hand-over.inline",
            asks="How long until the strategy has an update, at 1,000/s, when the feed's thread runs it?",
            unit="ns",
            contenders=lambda stack, effort: {"inline": lambda: ours("inline", effort)},
        ),
        Question(
            name="hand-over.spin",
            asks="… when it spins on a core of its own?",
            unit="ns",
            contenders=lambda stack, effort: {"spin": lambda: ours("spin", effort)},
            at_most=500.0,
        ),
        Question(
            name="hand-over.park",
            asks="… when it sleeps, with idle states held off where they can be?",
            unit="ns",
            contenders=parked,
            at_most=6_000.0,
            p99_at_most=20_000.0,
        ),
        Question(
            name="hand-over.park.cpu",
            asks="How much of a core does a sleeping strategy take at 1,000 updates a second?",
            unit="%",
            contenders=lambda stack, effort: {"park": lambda: own_share(effort)},
            at_most=3.0,
        ),
        Question(
            name="hand-over.spin.busy",
            asks="How long to a spinning strategy while another Python thread computes?",
            unit="ns",
            contenders=lambda stack, effort: beside_a_busy_thread(stack, "spin", effort),
            at_most=500.0,
        ),
        Question(
            name="hand-over.park.busy",
            asks="… and to a sleeping one?",
            unit="ns",
            contenders=lambda stack, effort: beside_a_busy_thread(stack, "park", effort),
            at_most=10_000.0,
        ),
    ]


def parked(stack: ExitStack, effort: Effort) -> Contenders:
    return {
        "park": lambda: ours("park", effort),
        "eventfd, a Python thread": lambda: by_eventfd(effort),
        SIMPLE_QUEUE: lambda: by_simple_queue(effort),
        "look, sleep 100 µs": lambda: by_polling(effort),
    }


def beside_a_busy_thread(stack: ExitStack, topology: str, effort: Effort) -> Contenders:
    stack.enter_context(switch_interval(SWITCH_INTERVAL_S))
    stack.enter_context(beside(compute))
    return {topology: lambda: ours(topology, effort), SIMPLE_QUEUE: lambda: by_simple_queue(effort)}


# ── ours ──────────────────────────────────────────────────────────────────────────────────────────────────


def qualifying_pipeline() -> Pipeline:
    """A pipeline in which every update is emitted, so that each tells when it was taken."""
    kernel = Kernel(1, QualificationRules(), decision_capacity=4096)
    kernel.set_inputs(0, spread_bps=50.0, funding_delta=0.0075, position_size=1000.0, fees_bps=11.0)
    return Pipeline(kernel)


def ours(topology: str, effort: Effort, realtime: bool = True) -> Reading:
    """Ns from the moment in which an update was due to the moment in which the strategy had it."""
    updates = effort.count(UPDATES)
    feed_core, strategy_core = choose_cores()
    with qualifying_pipeline() as pipeline:
        pipeline.start(topology, strategy_core, urgent=realtime)
        with urgent(feed_core):
            push_paced(pipeline, updates, PERIOD_NS)
        wait_until(lambda: pipeline.kernel.funnel()["emitted"] == updates)
        decisions = pipeline.kernel.drain_decisions()
    return latencies([float(made.popped_ns - made.recv_ns) for made in decisions])


def own_share(effort: Effort) -> Reading:
    """Percent of a core that the parked thread used."""
    _, strategy_core = choose_cores()
    with qualifying_pipeline() as pipeline:
        pipeline.start("park", strategy_core, urgent=True)
        begun_ns, used_ns = time.monotonic_ns(), pipeline.cpu_ns
        push_paced(pipeline, effort.count(UPDATES), PERIOD_NS)
        return Reading(100 * (pipeline.cpu_ns - used_ns) / (time.monotonic_ns() - begun_ns))


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline_s, "the strategy has not taken all updates"
        time.sleep(0.0005)


# ── what one would write in Python ────────────────────────────────────────────────────────────────────────


def paced(put: Callable[[int], object], get: Callable[[], int], updates: int) -> Reading:
    """Hand over one at a time, each at its moment, and take its stamp back before the next."""
    taken = []
    due_ns = time.monotonic_ns()
    for _ in range(updates):
        due_ns += PERIOD_NS
        rest_until(due_ns)
        put(due_ns)
        taken.append(float(get() - due_ns))
    return latencies(taken)


@contextmanager
def strategy_thread(run: Callable[[], None], end: Callable[[], object]) -> Iterator[None]:
    """A Python thread as the strategy, placed as ours is."""
    feed_core, strategy_core = choose_cores()

    def placed() -> None:
        pin(strategy_core)
        take_precedence()
        run()

    thread = threading.Thread(target=placed, daemon=True)
    thread.start()
    try:
        with urgent(feed_core):
            yield
    finally:
        end()
        thread.join()


def by_simple_queue(effort: Effort) -> Reading:
    updates: SimpleQueue[int | None] = SimpleQueue()
    stamps: SimpleQueue[int] = SimpleQueue()

    def strategy() -> None:
        while updates.get() is not None:
            stamps.put(time.monotonic_ns())

    with strategy_thread(strategy, lambda: updates.put(None)):
        return paced(updates.put, stamps.get, effort.count(UPDATES))


def by_eventfd(effort: Effort) -> Reading:
    event = os.eventfd(0)
    stamps: SimpleQueue[int] = SimpleQueue()
    is_over = threading.Event()

    def strategy() -> None:
        while os.eventfd_read(event) and not is_over.is_set():
            stamps.put(time.monotonic_ns())

    def end() -> None:
        is_over.set()
        os.eventfd_write(event, 1)

    try:
        with strategy_thread(strategy, end):
            return paced(lambda _: os.eventfd_write(event, 1), stamps.get, effort.count(UPDATES))
    finally:
        os.close(event)


def by_polling(effort: Effort) -> Reading:
    """The design that a timed sleep gives: look at the ring, sleep 100 µs, look again."""
    ring = Ring(64)
    stamps: SimpleQueue[int] = SimpleQueue()
    is_over = threading.Event()

    def strategy() -> None:
        while not is_over.is_set():
            if ring.pop() is None:
                time.sleep(POLL_S)
            else:
                stamps.put(time.monotonic_ns())

    def put(now_ns: int) -> None:
        ring.push(0, 99.5, 100.5, 1.0, 2.0, 0, now_ns)

    with strategy_thread(strategy, is_over.set):
        return paced(put, stamps.get, effort.count(UPDATES))


def compute(is_over: threading.Event) -> None:
    """Compute in Python, and so always want the interpreter."""
    while not is_over.is_set():
        sum(range(1000))


@contextmanager
def switch_interval(seconds: float) -> Iterator[None]:
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)
