"""An event loop whose short waits are exact: loops' own timers are no finer than a millisecond.

A local exchange answers in a tenth of that, so its delays need more. Waits of up to 50 ms are rung by one
alarm of the OS; longer ones stay with the loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from heapq import heappop, heappush
from typing import Any, TypeVarTuple, Unpack, cast

from synthcore._core.alarm import Alarm

Args = TypeVarTuple("Args")

LONGEST_FINE_S = 0.05


class FineTimers(asyncio.AbstractEventLoop):
    """What a loop becomes finer by; to be mixed in before it."""

    def __init__(self) -> None:
        super().__init__()
        self._fine_due: list[asyncio.TimerHandle] = []  # a heap, the next one first
        self._alarm: Alarm | None = None

    def time(self) -> float:
        return time.monotonic()  # a loop's own time may stand still while it works

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Args]], object],
        *args: *Args,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        if not 0 < delay <= LONGEST_FINE_S:
            return super().call_later(delay, callback, *args, context=context)
        return self._ring_at(self.time() + delay, callback, args, context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Args]], object],
        *args: *Args,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        if not 0 < when - self.time() <= LONGEST_FINE_S:
            return super().call_at(when, callback, *args, context=context)
        return self._ring_at(when, callback, args, context)

    def close(self) -> None:
        if self._alarm is not None:
            self.remove_reader(self._alarm)
            self._alarm.close()
            self._alarm = None
        super().close()

    def _ring_at(
        self, when: float, callback: Callable[..., Any], args: tuple[Any, ...], context: Context | None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._fine_due, handle)
        if self._fine_due[0] is handle:
            self._set_alarm(when)
        return handle

    def _set_alarm(self, when: float) -> None:
        if self._alarm is None:
            self._alarm = Alarm()
            self.add_reader(self._alarm, self._ring)
        self._alarm.set(int((when - self.time()) * 1e9))

    def _ring(self) -> None:
        """Run what is due, and wait for the next."""
        assert self._alarm is not None
        self._alarm.clear()
        now_s = self.time()
        while self._fine_due and self._fine_due[0].when() <= now_s:
            handle = heappop(self._fine_due)
            if not handle.cancelled():
                handle._run()
        if self._fine_due:
            self._set_alarm(self._fine_due[0].when())

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Told by a handle of ours: it is skipped when its time comes."""


def fine_loop() -> asyncio.AbstractEventLoop:
    """A loop with exact short waits: uvloop's where it is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        base: type = asyncio.SelectorEventLoop
    else:
        base = uvloop.Loop
    return cast(asyncio.AbstractEventLoop, type("FineLoop", (FineTimers, base), {})())
