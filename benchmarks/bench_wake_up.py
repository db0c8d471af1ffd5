"""How long does an update take from the feed's thread to the strategy's decision, in each topology?

From the push to the decision at the other end, one at a time, so that a parked strategy is asleep each time.
The rival is what one would write in plain Python: a thread between two SimpleQueues.
"""

import select
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore._core.idle import IdleStates
from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore.qualification import QualificationRules


@pytest.fixture
def idle_states() -> Iterator[IdleStates]:
    with IdleStates() as idle:
        yield idle


def qualifying_pipeline() -> Pipeline:
    kernel = Kernel(1, QualificationRules())
    kernel.set_inputs(0, spread_bps=50.0, funding_delta=0.0075, position_size=1000.0, fees_bps=11.0)
    return Pipeline(kernel)


@pytest.mark.parametrize("topology", ["inline", "spin", "park"])
def test_pipeline(benchmark: BenchmarkFixture, idle_states: IdleStates, topology: str) -> None:
    pipeline = qualifying_pipeline()
    event = pipeline.kernel.fileno()
    benchmark.extra_info["idle_states_held"] = idle_states.held

    def decide() -> object:
        pipeline.push(0, 99.5, 100.5, 1.0, 2.0, 0, time.monotonic_ns())
        select.select([event], [], [])
        return pipeline.kernel.drain_decisions()

    with pipeline:
        pipeline.start(topology)
        assert benchmark(decide)


def test_simple_queue_and_a_python_thread(benchmark: BenchmarkFixture, idle_states: IdleStates) -> None:
    updates: SimpleQueue[tuple[float, ...] | None] = SimpleQueue()
    decisions: SimpleQueue[tuple[float, ...]] = SimpleQueue()

    def strategy() -> None:
        while (update := updates.get()) is not None:
            decisions.put(update)

    def decide() -> object:
        updates.put((0, 99.5, 100.5, 1.0, 2.0, 0, time.monotonic_ns()))
        return decisions.get()

    thread = threading.Thread(target=strategy)
    thread.start()
    assert benchmark(decide)
    updates.put(None)
    thread.join()
