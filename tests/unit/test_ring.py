"""The ring from Python: order, drop-oldest, exact counts, memory of one's own or shared."""

import mmap
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synthcore._core.ring import Ring

ROOT = Path(__file__).parents[2]


def update(n: int) -> tuple[int, float, float, float, float, int, int]:
    """A market update that is different in every field for every n."""
    return (n % 30_000, n + 0.25, n + 0.5, n + 0.75, n + 0.875, 1_000_000 + n, 2_000_000 + n)


def pushed(ring: Ring, numbers: range) -> Ring:
    for n in numbers:
        ring.push(*update(n))
    return ring


def popped(ring: Ring) -> list[tuple[int, float, float, float, float, int, int]]:
    items = []
    while (item := ring.pop()) is not None:
        items.append(item)
    return items


def test_full_ring_keeps_the_newest_and_counts_the_dropped_at_once() -> None:
    ring = pushed(Ring(4), range(1, 7))

    before = (len(ring), ring.dropped)
    items = popped(ring)

    assert before == (4, 2)
    assert items == [update(n) for n in (3, 4, 5, 6)]
    assert ring.counts() == (6, 4, 2, 0)


def test_empty_ring_pops_none() -> None:
    ring = Ring(8)

    assert ring.pop() is None
    assert ring.counts() == (0, 0, 0, 0)


def test_consumer_goes_on_where_it_was_when_it_keeps_up() -> None:
    ring = Ring(2)

    items = [item for n in range(100) for item in popped(pushed(ring, range(n, n + 1)))]

    assert items == [update(n) for n in range(100)]
    assert ring.dropped == 0


def test_consumer_lapped_many_times_continues_at_the_oldest_whole() -> None:
    ring = pushed(Ring(8), range(5))
    ring.pop()

    pushed(ring, range(5, 1000))

    assert popped(ring) == [update(n) for n in range(992, 1000)]
    assert ring.counts() == (1000, 9, 991, 0)


@pytest.mark.parametrize("capacity", [0, -4, 3, 6, 4095])
def test_capacity_that_is_no_power_of_two_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match=f"^capacity must be a power of two, was {capacity}$"):
        Ring(capacity)


def test_capacity_beyond_reason_is_refused_before_any_memory_is_taken() -> None:
    with pytest.raises(ValueError, match=f"^capacity must be at most 1048576, was {2**40}$"):
        Ring(2**40)


def test_capacity_that_is_no_int_is_refused() -> None:
    with pytest.raises(TypeError, match="capacity must be an int, was '4'"):
        Ring("4")  # type: ignore[arg-type]


def test_two_rings_on_one_buffer_are_one_ring() -> None:
    memory = mmap.mmap(-1, Ring.size_for(4))
    producer = pushed(Ring(4, memory), range(6))

    consumer = Ring(4, memory)

    assert popped(consumer) == [update(n) for n in (2, 3, 4, 5)]
    assert (producer.dropped, len(producer)) == (2, 0)


def test_buffer_outlives_its_owner_while_a_ring_uses_it() -> None:
    memory = mmap.mmap(-1, Ring.size_for(4))
    ring = Ring(4, memory)

    with pytest.raises(BufferError):
        memory.close()
    del memory
    pushed(ring, range(4))

    assert len(ring) == 4


@pytest.mark.parametrize(
    ("buffer", "error", "message"),
    [
        (mmap.mmap(-1, 4096)[:], BufferError, "writable"),
        (bytearray(100), ValueError, "the buffer must have at least 768 bytes, had 100"),
        (memoryview(mmap.mmap(-1, 4096))[8:], ValueError, "64-byte aligned, started at 0x"),
    ],
)
def test_buffer_that_cant_hold_the_ring_is_refused(
    buffer: bytearray, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Ring(4, buffer)


def test_buffer_with_another_ring_or_other_content_is_refused() -> None:
    memory = mmap.mmap(-1, Ring.size_for(8))
    Ring(4, memory)
    foreign = mmap.mmap(-1, Ring.size_for(8))
    foreign[100] = 1

    with pytest.raises(ValueError, match="holds a ring of 4 slots, capacity was 8"):
        Ring(8, memory)
    with pytest.raises(ValueError, match="zeroed or hold a ring"):
        Ring(8, foreign)


PRODUCER = """
import mmap, sys
from synthcore._core.ring import Ring
with open(sys.argv[1], "r+b") as file:
    ring = Ring(256, mmap.mmap(file.fileno(), 0))
for n in range(int(sys.argv[2])):
    ring.push(n % 30_000, n + 0.25, n + 0.5, n + 0.75, n + 0.875, 1_000_000 + n, 2_000_000 + n)
"""


def test_ring_in_a_shared_mapping_joins_two_processes(tmp_path: Path) -> None:
    pushes = 200_000
    path = tmp_path / "ring"
    path.write_bytes(bytes(Ring.size_for(256)))
    with path.open("r+b") as file:
        ring = Ring(256, mmap.mmap(file.fileno(), 0))

    producer = subprocess.Popen([sys.executable, "-c", PRODUCER, str(path), str(pushes)], cwd=ROOT)
    seen = []
    deadline_s = time.monotonic() + 30
    while producer.poll() is None and time.monotonic() < deadline_s:
        seen += popped(ring)
    assert producer.wait(timeout=1) == 0
    seen += popped(ring)

    numbers = [item[6] - 2_000_000 for item in seen]
    assert seen == [update(n) for n in numbers]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == pushes - 1
    assert ring.counts() == (pushes, len(seen), pushes - len(seen), 0)
