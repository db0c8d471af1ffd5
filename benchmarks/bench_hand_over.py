"""How long does an update take from the feed's hands to the strategy's, by topology, against plain queues?

Stamped by the producer before it publishes and by the consumer when it has it; one update a millisecond, so
that a sleeping consumer, and its core, do sleep. With idle states held off the cores poll instead of halting.
"""

from __future__ import annotations

import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest
from harness import StampTimer, on_the_feed_core
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore._core.idle import IdleStates
from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore._core.ring import Ring
from synthcore.qualification import QualificationRules

TIMER = StampTimer()
PERIOD_S = 0.001
ROUNDS = 500
POLL_S = 100e-6
SWITCH_INTERVAL_S = 1e-4  # a run's


@pytest.fixture(params=["idle states held", "cores may halt"])
def idle_states(request: pytest.FixtureRequest) -> Iterator[IdleStates]:
    with IdleStates() as idle:
        if request.param == "cores may halt":
            idle.release()
        elif not idle.held:
            pytest.skip(f"idle states can't be held off: {idle.reason}")
        yield idle


@pytest.fixture
def strategy_core() -> Iterator[int]:
    interval_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with on_the_feed_core() as core:
        yield core
    sys.setswitchinterval(interval_s)


def pause() -> None:
    time.sleep(PERIOD_S)


def measure(benchmark: BenchmarkFixture, hand_over: Callable[[], int]) -> None:
    """Time `hand_over`, which gives what it has stamped."""
    latencies_ns = []

    def stamped() -> None:
        latencies_ns.append(hand_over())
        TIMER.add(latencies_ns[-1])

    benchmark.pedantic(stamped, setup=pause, rounds=ROUNDS, warmup_rounds=20)
    assert min(latencies_ns) >= 0


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("topology", ["inline", "spin", "park"])
def test_pipeline(
    benchmark: BenchmarkFixture, idle_states: IdleStates, strategy_core: int, topology: str
) -> None:
    kernel = Kernel(1, QualificationRules())
    kernel.set_inputs(0, spread_bps=50.0, funding_delta=0.0075, position_size=1000.0, fees_bps=11.0)
    event = kernel.fileno()

    def hand_over() -> int:
        stamped_ns = time.monotonic_ns()
        pipeline.push(0, 99.5, 100.5, 1.0, 2.0, 0, stamped_ns)
        select.select([event], [], [])
        (decision,) = kernel.drain_decisions()
        return decision.popped_ns - stamped_ns

    with Pipeline(kernel) as pipeline:
        pipeline.start(topology, strategy_core, urgent=True)
        measure(benchmark, hand_over)


@pytest.mark.benchmark(timer=TIMER)
def test_simple_queue(benchmark: BenchmarkFixture, idle_states: IdleStates) -> None:
    updates: SimpleQueue[tuple[float, ...] | None] = SimpleQueue()
    popped_ns: SimpleQueue[int] = SimpleQueue()

    def strategy() -> None:
        while updates.get() is not None:
            popped_ns.put(time.monotonic_ns())

    def hand_over() -> int:
        stamped_ns = time.monotonic_ns()
        updates.put((0, 99.5, 100.5, 1.0, 2.0, 0, stamped_ns))
        return popped_ns.get() - stamped_ns

    thread = threading.Thread(target=strategy)
    thread.start()
    measure(benchmark, hand_over)
    updates.put(None)
    thread.join()


@pytest.mark.benchmark(timer=TIMER)
def test_sleep_poll(benchmark: BenchmarkFixture, idle_states: IdleStates) -> None:
    """The original design: look at the ring, sleep 100 µs, look again."""
    ring = Ring(4096)
    popped_ns: SimpleQueue[int] = SimpleQueue()
    is_over = threading.Event()

    def strategy() -> None:
        while not is_over.is_set():
            if ring.pop() is None:
                time.sleep(POLL_S)
            else:
                popped_ns.put(time.monotonic_ns())

    def hand_over() -> int:
        stamped_ns = time.monotonic_ns()
        ring.push(0, 99.5, 100.5, 1.0, 2.0, 0, stamped_ns)
        return popped_ns.get() - stamped_ns

    thread = threading.Thread(target=strategy)
    thread.start()
    measure(benchmark, hand_over)
    is_over.set()
    thread.join()
