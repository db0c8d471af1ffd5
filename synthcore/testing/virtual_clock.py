"""The clock of a test in virtual time, and the event loop that moves it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar
from unittest.mock import patch

from synthcore.virtual_time import START_NS, VirtualLoop, VirtualTime

T = TypeVar("T")


class VirtualClock:
    """Runs what a test wants, and lets no time pass but what that waits for.

    Parameters
    ----------
    start_ns
        Epoch at which it begins.
    """

    def __init__(self, start_ns: int = START_NS) -> None:
        self.time = VirtualTime(start_ns)
        self.loop = VirtualLoop(self.time)

    @property
    def now_ms(self) -> int:
        """Epoch."""
        return self.time.epoch_ns() // 1_000_000

    def advance(self, by_s: float) -> None:
        """Let this much time pass, and happen what is due in it."""
        self.loop.advance_to(self.time.passed_ns + round(by_s * 1e9))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; whatever it waits for takes no time."""
        return self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        self.loop.close()

    @contextlib.contextmanager
    def read_by_all(self) -> Iterator[None]:
        """Let `time.time` and its kin read this clock, for code that knows no other one.

        What was imported from `time` by name before, and `datetime`, still read the machine's.
        """
        with (
            patch.object(time, "time", lambda: self.time.epoch_ns() / 1e9),
            patch.object(time, "time_ns", self.time.epoch_ns),
            patch.object(time, "monotonic", self.time.monotonic_s),
            patch.object(time, "monotonic_ns", self.time.monotonic_ns),
        ):
            yield
