"""The exchange's loop: short waits end in their order and not too soon, and cancelled ones never."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from synthcore.exchange.fine_loop import LONGEST_FINE_S, FineTimers, fine_loop


def loop_on_asyncio() -> asyncio.AbstractEventLoop:
    return type("FineLoop", (FineTimers, asyncio.SelectorEventLoop), {})()  # type: ignore[no-any-return]


@pytest.fixture(params=[fine_loop, loop_on_asyncio], ids=["installed", "asyncio"])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


def test_no_wait_ends_too_soon(runner: asyncio.Runner) -> None:
    async def early() -> list[float]:
        loop, found = asyncio.get_running_loop(), []
        for wait_s in (0.0001, 0.0007, 0.0013, 0.0101, LONGEST_FINE_S):
            began_s = loop.time()
            await asyncio.sleep(wait_s)
            found.append(wait_s - (loop.time() - began_s))
        return found

    assert max(runner.run(early())) <= 0


def test_callbacks_come_in_the_order_of_their_times(runner: asyncio.Runner) -> None:
    waits_s = [random.Random(7).uniform(0.0001, 0.03) for _ in range(200)]

    async def order() -> list[float]:
        loop, came = asyncio.get_running_loop(), []
        start_s = loop.time()
        for wait_s in waits_s:
            loop.call_at(start_s + wait_s, came.append, wait_s)
        await asyncio.sleep(0.04)
        return came

    assert runner.run(order()) == sorted(waits_s)


def test_a_cancelled_wait_never_ends(runner: asyncio.Runner) -> None:
    async def rung() -> list[str]:
        loop, came = asyncio.get_running_loop(), []
        first = loop.call_later(0.001, came.append, "cancelled")
        loop.call_later(0.002, came.append, "kept")
        first.cancel()
        await asyncio.sleep(0.005)
        return came

    assert runner.run(rung()) == ["kept"]


def test_a_time_limit_holds(runner: asyncio.Runner) -> None:
    async def limited() -> None:
        async with asyncio.timeout(0.002):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        runner.run(limited())
