"""The judge of a simulation: what happened while no process ran is not laid to a trade."""

import asyncio
from decimal import Decimal

import pytest

from synthcore.execution.paper import PaperTrade
from synthcore.simulation.away import Away
from synthcore.simulation.count import Counted
from synthcore.simulation.judge import Judge
from synthcore.virtual_time import VirtualTime

TRADE, SYMBOL = "st00000000-1", "BTCUSDT"
ONE, NOTHING = Decimal(1), Decimal(0)


class Process:
    is_dead = True

    def journal_end(self, trade):
        return ""

    def was_shut_out(self, trade):
        return False


@pytest.fixture
def judge():
    clock = VirtualTime()
    judge = Judge(clock, Away(clock))
    judge.count._trades[TRADE] = Counted(SYMBOL, opened=[ONE, NOTHING])
    judge.count.positions = lambda symbol: (NOTHING, NOTHING)
    return judge


def ended():
    return PaperTrade(trade=TRADE, symbol=SYMBOL, end="FAILED_FLAT", reason="recovered", target_qty=ONE)


async def judged(judge):
    judge.on_ended(ended(), Process())
    await asyncio.sleep(0)
    return [violation.what for violation in judge.violations]


async def test_a_leg_that_a_liquidation_took_between_two_processes_is_not_missing(judge):
    judge.on_begun(TRADE, SYMBOL)
    judge.on_killed()
    judge.count.taken_over[SYMBOL] = [ONE, NOTHING]
    judge.on_begun(TRADE, SYMBOL)

    assert await judged(judge) == []


async def test_nor_is_it_where_the_first_end_could_not_be_written_and_the_trade_ends_again(judge):
    judge.on_begun(TRADE, SYMBOL)
    judge.count.taken_over[SYMBOL] = [ONE, NOTHING]
    assert await judged(judge) == []
    judge.on_killed()
    judge.on_begun(TRADE, SYMBOL)

    assert await judged(judge) == []


async def test_a_leg_that_nothing_closed_is(judge):
    judge.count.taken_over[SYMBOL] = [ONE, NOTHING]  # of another trade, before this one
    judge.on_begun(TRADE, SYMBOL)

    assert await judged(judge) == [f"{TRADE} ended FAILED_FLAT, the exchange counts 1 on its long leg"]
