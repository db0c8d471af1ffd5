"""The simulation: no violation in a storm, the same events for a seed, and a judge that sees broken code."""

import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest
from msgspec.structs import replace

from synthcore.errors import OutcomeUnknown
from synthcore.exchange.faults.delay_call import DelayCall
from synthcore.exchange.faults.drop_frame import DropFrame
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.partial_fill import PartialFill
from synthcore.exchange.faults.plan import FaultPlan
from synthcore.execution import driver
from synthcore.execution.driver import TradeDriver
from synthcore.execution.events import Rejected, Reported
from synthcore.execution.journal import Records
from synthcore.execution.recovery import Recovery
from synthcore.orders.bybit import BybitBackend
from synthcore.simulation import exposure, judge
from synthcore.simulation.process import TradingProcess
from synthcore.simulation.settings import SimulationSettings
from synthcore.simulation.simulation import Simulation
from synthcore.simulation.storm import ACTS, KINDS

SHORT_H = 0.01
NOTHING = Decimal(0)
LOST = LoseAnswer(when="reply path=/v5/order/create link=*-e0 code=0 probability=0.2 always")
SHARED = PartialFill(share=0.5, when="accepted link=*-L-e0 probability=0.3 always")


def simulated(hours=SHORT_H, seed=1, faults="none", plan=()):
    settings = SimulationSettings(seed=seed, hours=hours, faults=faults, plan=FaultPlan(list(plan)))
    return Simulation(settings).run()


def test_no_violation_in_a_storm():
    summary = simulated(hours=0.04, seed=3, faults="storm")

    assert summary.violations == []
    assert summary.trades > 100
    assert summary.trades == sum(summary.ends.values())
    assert summary.hours >= 0.04
    assert len(summary.faults) > 15
    assert summary.faults.keys() <= KINDS.keys() | ACTS.keys()
    assert summary.lives["killed"] > 0
    assert summary.exposure.undisturbed.count > summary.trades / 2


def test_every_trade_is_closed_where_nothing_goes_wrong():
    summary = simulated()

    assert summary.violations == []
    assert summary.faults == {}
    assert set(summary.ends) <= {"CLOSED", "FAILED_FLAT"}  # the book is thin for some
    assert summary.lives == {"over": 2}


def test_faults_of_a_plan_are_counted_by_their_kind():
    summary = simulated(plan=[LOST, SHARED])

    assert summary.violations == []
    assert summary.faults["lose_answer"] > 3
    assert summary.faults["partial_fill"] > 3


def test_a_seed_gives_the_same_events_in_every_process():
    here = simulated(hours=0.02, seed=7, faults="storm")
    command = [sys.executable, "-m", "synthcli", "simulate", "--seed", "7", "--hours", "0.02", "--json"]
    environ = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(command, capture_output=True, env=environ, check=True)

    there = json.loads(done.stdout.splitlines()[-1])
    assert there["hash"] == here.hash
    assert there["ends"] == here.ends


def test_another_seed_gives_other_events():
    assert simulated(hours=0.002, seed=1).hash != simulated(hours=0.002, seed=2).hash


def test_an_order_that_arrives_while_recovery_begins_is_closed_too(monkeypatch):
    late = DelayCall(ms=900, when="request path=/v5/order/create link=*-e0 always")
    live = TradingProcess.live

    async def dies_soon(self, until_s):
        if until_s > self._time.monotonic_s():  # not the last one, which has to leave nothing
            self.dies_in = 8
        return await live(self, until_s)

    monkeypatch.setattr(TradingProcess, "live", dies_soon)

    summary = simulated(plan=[late])

    assert summary.lives["killed"] > 5
    assert summary.violations == []


# Broken on purpose: each is a defect of the production code that the judge has to see.


def close_without_reduce_only(monkeypatch):
    order = TradeDriver._order
    monkeypatch.setattr(
        TradeDriver, "_order", lambda self, send: replace(order(self, send), reduce_only=False)
    )


def take_a_lost_answer_for_a_refusal(monkeypatch):
    monkeypatch.setattr(driver, "AnswerLost", lambda link_id: Rejected(link_id, "unreachable"))


def send_again_when_an_answer_is_lost(monkeypatch):
    place = BybitBackend.place

    async def twice(self, order):
        try:
            return await place(self, order)
        except OutcomeUnknown:
            return await place(self, replace(order, link_id=order.link_id[:-1] + "9"))

    monkeypatch.setattr(BybitBackend, "place", twice)


def forget_fills(monkeypatch):
    monkeypatch.setattr(TradeDriver, "on_fill", lambda self, fill: None)
    monkeypatch.setattr(driver, "report_of", lambda order: Reported(order.link_id, NOTHING, order.is_final))


def record_another_end(monkeypatch):
    ended = Records.trade_ended
    monkeypatch.setattr(
        Records, "trade_ended", lambda self, trade, end, paper: ended(self, trade, "FLAT", paper)
    )


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (close_without_reduce_only, "not reduce-only"),
        (take_a_lost_answer_for_a_refusal, "the exchange counts"),
        (send_again_when_an_answer_is_lost, "opened"),
        (forget_fills, "the exchange counts"),
        (record_another_end, "the journal has FLAT"),
    ],
)
def test_the_judge_sees_broken_code(monkeypatch, breaks, says):
    breaks(monkeypatch)

    summary = simulated(plan=[LOST, SHARED])

    assert any(says in violation.what for violation in summary.violations)


def test_the_judge_sees_a_recovery_that_does_nothing(monkeypatch):
    async def nothing(self):
        return []

    live = TradingProcess.live

    async def dies_soon(self, until_s):
        self.dies_in = 40
        return await live(self, until_s)

    monkeypatch.setattr(Recovery, "carry_out", nothing)
    monkeypatch.setattr(TradingProcess, "live", dies_soon)

    summary = simulated()

    assert any("has no end in the journal" in violation.what for violation in summary.violations)


def test_the_judge_sees_a_leg_that_is_alone_for_too_long(monkeypatch):
    monkeypatch.setattr(exposure, "LONGEST_S", 0.4)  # of 0.5 s that an entry is waited for

    summary = simulated(plan=[LoseAnswer(when="request path=/v5/order/create link=*-S-e0 always")])

    assert any("stood unhedged for" in violation.what for violation in summary.violations)


def test_the_judge_sees_a_trade_that_never_ends(monkeypatch):
    monkeypatch.setattr(TradeDriver, "_ring", lambda self: None)
    monkeypatch.setattr(judge, "LONGEST_TRADE_S", 5.0)

    summary = simulated(plan=[DropFrame(when="private probability=0.3 always")])

    assert any("has not ended within" in violation.what for violation in summary.violations)
