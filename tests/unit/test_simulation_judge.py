"""The judge of a simulation: what happened while no process ran is not laid to a trade."""

import asyncio
from decimal import Decimal

import pytest
from msgspec.structs import replace

from synthcore.execution.paper import PaperTrade
from synthcore.simulation.away import ASSUMED_S, Away
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

    def why_unresolved(self, trade):
        return "it was silent"


@pytest.fixture
def clock():
    return VirtualTime()


@pytest.fixture
def away(clock):
    return Away(clock)


@pytest.fixture
def judge(clock, away):
    judge = Judge(clock, away)
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


@pytest.mark.parametrize(("away_s", "is_excused"), [(0.0, False), (ASSUMED_S, False), (ASSUMED_S + 1, True)])
async def test_unresolved_is_a_violation_unless_the_exchange_was_away_for_too_long(
    judge, away, clock, away_s, is_excused
):
    judge.on_begun(TRADE, SYMBOL)
    away.begins(away_s)
    clock.passed_ns = int(20e9)

    judge.on_ended(replace(ended(), end="UNRESOLVED"), Process())

    assert [(one.took_s, one.why) for one in judge.unresolved] == [(20.0, "it was silent")]
    assert judge.unresolved[0].away_s == (away_s if is_excused else 0)
    assert (judge.violation_count == 0) is is_excused
