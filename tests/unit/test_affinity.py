"""Pinning: verified with the OS, refused as a value."""

import os
import threading

import pytest

from synthcore._core.affinity import Pinning, allowed_cores, choose_cores, current_core, pin


def in_thread(core: int | None) -> tuple[Pinning, set[int], int]:
    """Pin a thread of its own, and what the OS says about it afterwards."""
    seen = []

    def run() -> None:
        seen.append((pin(core), os.sched_getaffinity(0), current_core()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return seen[0]


def test_pinned_thread_is_where_the_os_says() -> None:
    core = allowed_cores()[-1]
    before = os.sched_getaffinity(0)

    pinning, allowed, current = in_thread(core)

    assert (pinning, allowed, current) == (Pinning(core, ""), {core}, core)
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("core", [100_000, -1])
def test_refused_pin_is_a_value_and_changes_nothing(core: int) -> None:
    pinning, allowed, _ = in_thread(core)

    assert pinning.core is None
    assert f"core {core} was refused: " in pinning.reason
    assert allowed == set(allowed_cores())


def test_no_core_is_no_pin() -> None:
    pinning, allowed, _ = in_thread(None)

    assert pinning == Pinning(None, "no core was asked for")
    assert allowed == set(allowed_cores())


@pytest.mark.parametrize(
    ("cores", "feed", "strategy"),
    [
        ([0, 1, 2, 3], 2, 1),
        ([0, 1], 0, 1),
        ([0], 0, 0),
        ([2], 2, 2),
        ([0, 2], 0, 2),
        ([1, 5], 5, 1),
        ([2, 6, 7], 2, 7),
    ],
)
def test_cores_are_2_and_1_where_they_exist(cores: list[int], feed: int, strategy: int) -> None:
    assert choose_cores(cores) == (feed, strategy)


def test_chosen_cores_are_among_the_allowed() -> None:
    assert set(choose_cores()) <= set(allowed_cores())
