"""Time that passes only when nothing is left to do: a clock, and an event loop that jumps."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

START_NS = 1_786_310_400 * 1_000_000_000  # 2026-08-09 20:00 UTC, where no other start is given


class VirtualTime:
    """A clock that stands still unless its owner moves it.

    Parameters
    ----------
    start_ns
        Epoch of its beginning.
    """

    def __init__(self, start_ns: int = START_NS) -> None:
        self.start_ns = start_ns
        self.passed_ns = 0

    def epoch_ns(self) -> int:
        return self.start_ns + self.passed_ns

    def monotonic_ns(self) -> int:
        return self.passed_ns

    def monotonic_s(self) -> float:
        return self.passed_ns / 1e9


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose time jumps to the next timer as soon as nothing is ready.

    Nothing in it waits for the machine: it has no sockets, and what others give to a thread runs at once.
    The same callbacks in the same order give the same run, whatever the machine does meanwhile.

    Parameters
    ----------
    clock
        Moved by this loop.
    """

    def __init__(self, clock: VirtualTime) -> None:
        super().__init__()
        self.clock = clock
        self._selector = NothingToSelect(self._idle)
        self._scheduled: list[asyncio.TimerHandle]  # the base class's heap
        self._limit_ns: int | None = None

    def time(self) -> float:
        return self.clock.monotonic_s()

    def advance_to(self, passed_ns: int) -> None:
        """Do everything that is due until then; afterwards the clock stands there.

        It may be called while another loop of this thread runs.
        """
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        self._limit_ns = max(passed_ns, self.clock.passed_ns)
        try:
            self.run_forever()
        finally:
            self._limit_ns = None
            asyncio._set_running_loop(outer)

    @property
    def next_due_ns(self) -> int | None:
        """When the next timer is due, which may have been cancelled; None without one."""
        # Counted from the timer alone: what the clock stood at before must not matter, not by a nanosecond.
        if not self._scheduled:
            return None
        when_s = self._scheduled[0].when()
        due_ns = math.ceil(when_s * 1e9)
        return due_ns if due_ns / 1e9 >= when_s else due_ns + 1  # a product is rounded, down, too

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run it here and now: a thread would make the order of things its own."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    def _idle(self) -> None:
        """Nothing is ready: jump, at most to the limit."""
        due_ns = self.next_due_ns
        if self._limit_ns is not None and (due_ns is None or due_ns > self._limit_ns):
            self.clock.passed_ns = self._limit_ns
            self.stop()
        elif due_ns is None:
            raise RuntimeError(
                "virtual time must have a timer or a callback to go on with, but has none left: "
                "whatever runs waits for something that never comes"
            )
        else:
            self.clock.passed_ns = max(due_ns, self.clock.passed_ns)
        # Whoever is called at a time finds the clock there, and not before it by the last bit of a float.
        self._clock_resolution = math.ulp(self.clock.monotonic_s())

    def _process_events(self, events: object) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps, so nobody has to be woken."""


class NothingToSelect:
    """Stands where other loops wait for sockets."""

    def __init__(self, idle: Callable[[], None]) -> None:
        self._idle = idle

    def select(self, timeout_s: float | None) -> tuple[()]:
        if timeout_s != 0:
            self._idle()
        return ()

    def close(self) -> None:
        """Nothing is open."""
