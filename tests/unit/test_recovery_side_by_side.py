"""Symbols are recovered side by side: one that fails breaks off none of the others."""

import asyncio
from types import SimpleNamespace

import pytest

from synthcore.errors import VenueRefused
from synthcore.execution.recovery import Recovery, all_of
from synthcore.virtual_time import VirtualLoop, VirtualTime


class ScriptedRecovery(Recovery):
    """One symbol can't be recovered at once, the other one can after a while."""

    def __init__(self):
        backend = SimpleNamespace(server_time_ms=lambda: 0.0, order_recv_window_ms=1000)
        super().__init__(
            SimpleNamespace(backend=backend), leftovers=(), instance_id=None, symbols=("BTCUSDT", "ETHUSDT")
        )
        self.ended = []

    async def _quiet(self):
        pass

    async def _unexplained(self, symbol):
        return 0, 0

    async def _bring_to_an_end(self, symbol, unexplained):
        if symbol == "BTCUSDT":
            raise VenueRefused(10016, "busy", "busy")
        await asyncio.sleep(3)
        self.ended.append(symbol)
        return []


def test_a_symbol_that_fails_lets_the_others_end_and_is_told_then():
    loop = VirtualLoop(VirtualTime())
    recovery = ScriptedRecovery()

    with pytest.raises(VenueRefused, match="busy"):
        loop.run_until_complete(recovery.carry_out())
    loop.close()

    assert recovery.ended == ["ETHUSDT"]


async def test_what_came_of_all_is_one_list():
    async def give(*what):
        return list(what)

    assert await all_of([give(1, 2), give(), give(3)]) == [1, 2, 3]


async def test_who_waits_for_a_trade_s_end_and_is_cancelled_does_not_take_the_end_along():
    """A process that is told to stop during its recovery: its trades still have to say how they ended."""
    finished = asyncio.get_running_loop().create_future()
    left = SimpleNamespace(key="st0-1", symbol="BTCUSDT", instance_id=None, state="held")

    class Waiting(Recovery):
        async def _driver_of(self, one):
            return SimpleNamespace(finished=finished)

    recovery = Waiting(desk=None, leftovers=(left,), instance_id=None, symbols=("BTCUSDT",))
    waiting = asyncio.ensure_future(recovery._bring_to_an_end("BTCUSDT", (0, 0)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])

    assert waiting.cancelled()
    assert not finished.cancelled()
