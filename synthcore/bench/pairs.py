"""Two threads, a core each, for figures that cross from one to the other."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from synthcore._core.affinity import choose_cores, pin, take_precedence

First = TypeVar("First")
Second = TypeVar("Second")


@contextmanager
def urgent(core: int | None = None) -> Iterator[None]:
    """Let this thread, and what it starts, run before ordinary ones; on one core if given."""
    cores = os.sched_getaffinity(0)
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    pin(core)
    take_precedence()  # refused: measured all the same, and the report says so
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, priority)
        os.sched_setaffinity(0, cores)


@contextmanager
def beside(run: Callable[[threading.Event], None]) -> Iterator[None]:
    """Have a thread run as long as this lasts; the event tells it that it is over."""
    is_over = threading.Event()
    thread = threading.Thread(target=run, args=(is_over,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def both(there: Callable[[], First], here: Callable[[], Second]) -> tuple[First, Second]:
    """Run two ends at once: one in a thread on the strategy's core, one here on the feed's.

    Both must let the other run (compiled, without the GIL) and be bounded: the cores are theirs meanwhile.
    """
    feed_core, strategy_core = choose_cores()
    found: list[First] = []
    is_there = threading.Event()

    def other() -> None:
        with urgent(strategy_core):
            is_there.set()
            found.append(there())

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    is_there.wait()
    with urgent(feed_core):
        result = here()
    thread.join()
    return found[0], result
