"""How fast a market's own time runs: paused, slower or faster than the machine's, as a test wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LOOKS_AGAIN_S = 1.0  # how late a change may be noticed by who waits for a frame


class Pace:
    """A market's time, in seconds since its start.

    Parameters
    ----------
    now_s
        The event loop's clock.
    """

    def __init__(self) -> None:
        self.speed = 1.0
        self.before_look: list[Callable[[], None]] = []  # what each pump does before somebody looks
        self._now_s: Callable[[], float] = lambda: 0.0
        self._at_s = 0.0  # the market's time …
        self._since_s = 0.0  # … at this time of the loop
        self._running = asyncio.Event()
        self._running.set()
        self._dozing: set[asyncio.Future[None]] = set()

    @property
    def is_paused(self) -> bool:
        return not self._running.is_set()

    def start(self, now_s: Callable[[], float], start_s: float) -> None:
        """Begin: the market's time is 0 at `start_s` of the clock."""
        self._now_s, self._since_s = now_s, start_s

    def time_s(self) -> float:
        speed = 0.0 if self.is_paused else self.speed
        return self._at_s + (self._now_s() - self._since_s) * speed

    def pause(self) -> None:
        self._settle()
        self._running.clear()

    def resume(self) -> None:
        self._settle()
        self._running.set()

    def run_at(self, speed: float) -> None:
        self._settle()
        self.speed = speed

    def set_right(self) -> None:
        self.run_at(1.0)
        self.resume()

    async def wait(self, left_s: float) -> None:
        """Wait until this much of the market's time has passed, or it runs otherwise."""
        await self._running.wait()
        await asyncio.sleep(min(left_s / self.speed, LOOKS_AGAIN_S))

    async def doze(self, left_s: float) -> None:
        """Wait likewise, or until somebody wakes it."""
        await self._running.wait()
        loop = asyncio.get_running_loop()
        woken = loop.create_future()
        self._dozing.add(woken)
        timer = loop.call_later(min(left_s / self.speed, LOOKS_AGAIN_S), wake, woken)
        try:
            await woken
        finally:
            timer.cancel()
            self._dozing.discard(woken)

    def catch_up(self) -> None:
        """Apply what became due while nobody looked: somebody without a socket looks now."""
        for apply_due in self.before_look:
            apply_due()

    def wake(self) -> None:
        """End a doze: somebody looks at the market now."""
        for woken in self._dozing:
            wake(woken)

    def _settle(self) -> None:
        self._at_s, self._since_s = self.time_s(), self._now_s()


def wake(dozing: asyncio.Future[None]) -> None:
    if not dozing.done():
        dozing.set_result(None)
