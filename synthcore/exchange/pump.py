"""The public clocks: the market's frames are applied when they are due, and pushes of our own are made."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any

from synthcore.exchange.market.source import DueFrame
from synthcore.exchange.venue import Venue
from synthcore.exchange.venues import Market

FRAMES_A_TURN = 64  # market frames applied before the sockets are looked at again
UNNOTICED_S = 0.5  # how late frames may be applied while they concern nobody: their cost is waking up
CAUGHT_UP_AT_ONCE = 256  # frames, when somebody does
ROUNDING_S = 1e-9  # what is left of a wait by its rounding: on a virtual clock no time passes in it
TICK_S = 1.0  # between two looks at the clock, for what comes about without a market frame or a request
OPEN_WITHIN_S = 2.0  # for every contract's first prices, before the exchange says that it is ready


async def pump_market(market: Market, start_ms: int) -> None:
    """Apply the market's frames when they are due, counted from the source's own start."""
    await MarketPump(market, start_ms).run()


class MarketPump:
    """Holds the market's next frame until it is due, or overdue while it concerns nobody."""

    def __init__(self, market: Market, start_ms: int) -> None:
        self._market = market
        self._pace = market.venues[0].pace
        self._start_ms = start_ms
        self._frames = market.source.frames()
        self._next: DueFrame | None = None
        self._seen_s = 0.0  # the market's time when it was last asked for: it never goes back
        self._is_dozing = False
        self._failed: Exception | None = None  # why there are no more frames, for `run`

    async def run(self) -> None:
        now_s = asyncio.get_running_loop().time
        self._pace.start(now_s, now_s() - (self._market.venues[0].clock.right_ms() - self._start_ms) / 1000)
        self._pace.before_look.append(self.catch_up)
        self._next = next(self._frames, None)
        count = 0
        while self._next is not None:
            if not self._is_due(self._next):
                while self._next is not None and (late_s := self._late_s(self._next)) < -ROUNDING_S:
                    await self._wait(-late_s)
            elif count % FRAMES_A_TURN == 0:
                await asyncio.sleep(0)  # catching up: requests must not wait for it
            count += 1
            self._apply_next()
        if self._failed is not None:
            raise self._failed

    def catch_up(self) -> None:
        """Apply what became due while nobody looked: somebody does now, and may leave an order behind."""
        if not self._is_dozing:
            return
        try:
            for _ in range(CAUGHT_UP_AT_ONCE):
                if self._next is None or not self._is_due(self._next):
                    break
                self._apply_next()
        except Exception as error:  # who looks has no part in it: it is the pump that ends
            self._next, self._failed = None, error
        self._pace.wake()

    async def _wait(self, left_s: float) -> None:
        if self._market.is_urgent:
            await self._pace.wait(left_s)
            return
        self._is_dozing = True
        await self._pace.doze(max(left_s, UNNOTICED_S))
        self._is_dozing = False

    def _apply_next(self) -> None:
        if self._next is not None:
            self._market.apply(self._next)
            self._next = next(self._frames, None)

    def _is_due(self, frame: DueFrame) -> bool:
        return frame.due_ns / 1e9 <= self._seen_s or self._late_s(frame) >= -ROUNDING_S

    def _late_s(self, frame: DueFrame) -> float:
        self._seen_s = self._pace.time_s()
        return self._seen_s - frame.due_ns / 1e9


async def tick_venues(market: Market) -> None:
    """Let the venues look at the clock."""
    while True:
        await asyncio.sleep(TICK_S)
        for venue in market.venues:
            venue.tick()


async def pump_public(venue: Venue) -> None:
    """Push what clients' orders changed in public, at the pace of each topic."""
    while True:
        await venue.push_awaited.wait()
        venue.push_awaited.clear()
        while (due_s := venue.push_due_s()) is not None:
            await asyncio.sleep(due_s)
            venue.push_public()


async def market_open(market: Market, pump: asyncio.Task[None]) -> None:
    """Wait until every contract has a price and a book, so that whoever reads the ready line can trade.

    A recording may begin without some of them: after a while the exchange opens all the same.
    """
    opened = asyncio.create_task(all_open(market))
    await asyncio.wait({opened, pump}, timeout=OPEN_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
    opened.cancel()


@contextlib.contextmanager
def running(coroutine: Coroutine[Any, Any, None]) -> Iterator[asyncio.Task[None]]:
    """Run a coroutine beside; it is cancelled at the end."""
    task = asyncio.create_task(coroutine)
    try:
        yield task
    finally:
        task.cancel()


async def all_open(market: Market) -> None:
    for venue in market.venues:
        await venue.opened.wait()
