"""What does it cost to hand one market update from one thread's Python to another's?

One push and one pop of a seven-field update, without contention, against the queues of the standard library.
Neither of those drops the oldest and counts it; `deque(maxlen=…)` drops without counting.
"""

from collections import deque
from queue import SimpleQueue

from pytest_benchmark.fixture import BenchmarkFixture

from synthcore._core.ring import Ring

UPDATE = (1, 99.5, 100.5, 1.0, 2.0, 1_700_000_000_000_000, 123_456_789)


def test_ring(benchmark: BenchmarkFixture) -> None:
    ring = Ring(4096)

    def hand_over() -> object:
        ring.push(*UPDATE)
        return ring.pop()

    assert benchmark(hand_over) == UPDATE


def test_simple_queue(benchmark: BenchmarkFixture) -> None:
    queue: SimpleQueue[tuple[float, ...]] = SimpleQueue()

    def hand_over() -> object:
        queue.put(tuple(UPDATE))
        return queue.get()

    assert benchmark(hand_over) == UPDATE


def test_deque(benchmark: BenchmarkFixture) -> None:
    queue: deque[tuple[float, ...]] = deque(maxlen=4096)

    def hand_over() -> object:
        queue.append(tuple(UPDATE))
        return queue.popleft()

    assert benchmark(hand_over) == UPDATE
