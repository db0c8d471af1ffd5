"""The public clocks: the market's frames are applied when they are due, and pushes of our own are made."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterator
from typing import Any

from synthcore.exchange.venue import Venue
from synthcore.exchange.venues import Market

FRAMES_A_TURN = 64  # market frames applied before the sockets are looked at again
UNWATCHED_S = 0.1  # how late frames may be applied while nobody is connected: most of their cost is waking up
ROUNDING_S = 1e-9  # what is left of a wait by its rounding: on a virtual clock no time passes in it
TICK_S = 1.0  # between two looks at the clock, for what comes about without a market frame or a request
OPEN_WITHIN_S = 2.0  # for every contract's first prices, before the exchange says that it is ready


async def pump_market(market: Market, start_ms: int) -> None:
    """Apply the market's frames when they are due, counted from the source's own start."""
    loop = asyncio.get_running_loop()
    pace = market.venues[0].pace
    pace.start(loop.time, loop.time() - (market.venues[0].clock.right_ms() - start_ms) / 1000)
    for count, frame in enumerate(market.source.frames()):
        late_s = pace.time_s() - frame.due_ns / 1e9
        if late_s < -ROUNDING_S:
            while late_s < -ROUNDING_S:
                await (pace.wait(-late_s) if market.is_watched else pace.doze(max(-late_s, UNWATCHED_S)))
                late_s = pace.time_s() - frame.due_ns / 1e9
        elif count % FRAMES_A_TURN == 0:
            await asyncio.sleep(0)  # catching up: requests must not wait for it
        market.apply(frame)


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
