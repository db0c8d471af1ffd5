"""The simulation with the fast lane: no violation in a storm, and a judge that sees a lane that is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from synthcore.exchange.faults.cut_socket import CutSocket
from synthcore.exchange.faults.delay_call import DelayCall
from synthcore.exchange.faults.fault import Fault
from synthcore.exchange.faults.plan import FaultPlan
from synthcore.execution import lane_record
from synthcore.execution.desk import Desk
from synthcore.execution.fast_lane import FastLane
from synthcore.simulation import process
from synthcore.simulation.journal import COMMIT_S, SimulatedJournal
from synthcore.simulation.lane import WatchedSlots
from synthcore.simulation.process import TradingProcess, WatchedDesk
from synthcore.simulation.settings import SimulationSettings
from synthcore.simulation.simulation import Simulation
from synthcore.simulation.summary import Summary

SEED = 2  # its first lives have a fast lane
HURRIES = replace(process.config_of(Random(1)), order_entry="auto", order_pricing="marketable")
LATE = DelayCall(ms=900, when="request path=/v5/order/create link=*-e0 always")  # of 1,000 that are allowed
CUT = CutSocket(socket="private", when="fill probability=0.05 always")


def simulated(*plan: Fault, hours: float = 0.007, faults: Any = "none") -> Summary:
    settings = SimulationSettings(
        seed=SEED, hours=hours, faults=faults, plan=FaultPlan(list(plan)), fast_lane=True
    )
    return Simulation(settings).run()


def said(summary: Summary, what: str) -> bool:
    return any(what in violation.what for violation in summary.violations)


@pytest.fixture
def dies_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let every process but the last one be killed at a step of the lane."""
    live = TradingProcess.live

    def at(step: int) -> None:
        async def dies(self: TradingProcess, until_s: float) -> Any:
            if until_s > self._time.monotonic_s():
                self.dies_at = step
            return await live(self, until_s)

        monkeypatch.setattr(TradingProcess, "live", dies)

    return at


def test_no_violation_in_a_storm() -> None:
    summary = simulated(hours=0.03, faults="storm")

    assert summary.violations == []
    assert summary.fast_lane is not None
    assert summary.fast_lane.sent > 30
    assert summary.fast_lane.revoked > 30
    assert summary.lives["killed"] > 0
    assert summary.trades > 100


def test_a_seed_gives_the_same_events_in_every_process() -> None:
    here = simulated(faults="storm")
    command = [sys.executable, "-m", "synthcli", "simulate", "--seed", str(SEED), "--hours", "0.007"]
    environ = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [*command, "--fast-lane", "on", "--json"], capture_output=True, env=environ, check=True
    )

    there = json.loads(done.stdout.splitlines()[-1])
    assert there["hash"] == here.hash
    assert there["fast_lane"]["sent"] > 0


@pytest.mark.parametrize("step", [1, 2, 3, 4], ids=["before L", "after L", "before S", "after S"])
def test_what_left_before_a_kill_is_recovered_from_the_record(
    step: int, dies_at: Callable[[int], None]
) -> None:
    dies_at(step)

    summary = simulated(LATE)

    killed = summary.lives["killed"]
    assert summary.violations == []
    assert killed >= 2
    assert summary.fast_lane is not None
    assert summary.fast_lane.orphaned == (killed if step > 1 else 0)
    assert summary.ends.get("FLAT", 0) == (0 if step > 1 else killed)  # recorded, and never sent


@pytest.fixture
def dies_before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every process be killed when the desk has taken over what was sent, and the disk has none of it."""
    begin_sent = WatchedDesk.begin_sent

    def dying(self: WatchedDesk, *given: Any) -> Any:
        self.loop.call_later(COMMIT_S / 2, self.process.kill)
        return begin_sent(self, *given)

    die = SimulatedJournal.die
    monkeypatch.setattr(SimulatedJournal, "die", lambda self, kept: die(self, kept=0.0))
    monkeypatch.setattr(WatchedDesk, "begin_sent", dying)
    monkeypatch.setattr(TradingProcess, "_offer", lambda self, symbol: None)  # nothing else tells of a trade
    monkeypatch.setattr(process, "config_of", lambda source: HURRIES)


def test_what_the_desk_took_over_is_recovered_from_the_record(dies_before_the_commit: None) -> None:
    summary = simulated(LATE)

    assert summary.violations == []
    assert summary.fast_lane is not None
    assert summary.fast_lane.orphaned == summary.lives["killed"] >= 2


# Broken on purpose


def test_the_judge_sees_a_record_that_recovery_does_not_read(
    monkeypatch: pytest.MonkeyPatch, dies_at: Callable[[int], None]
) -> None:
    monkeypatch.setattr(lane_record, "recorded_in", lambda path: [])
    dies_at(4)

    summary = simulated(LATE)

    assert said(summary, "was sent by the fast lane, and the journal knows no end of it")
    assert said(summary, "the exchange counts")  # both were on their way, and nothing told of them


def test_the_judge_sees_a_slot_that_is_cleared_before_the_journal_has_it(
    monkeypatch: pytest.MonkeyPatch, dies_before_the_commit: None
) -> None:
    async def clear_at_once(self: FastLane, symbol_id: int) -> None:
        self._lane.clear(symbol_id)

    monkeypatch.setattr(FastLane, "_clear_when_kept", clear_at_once)

    assert said(simulated(LATE), "its slot was cleared before the journal had it")


def ignore_revocations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FastLane, "revoke_all", FastLane.heed)
    monkeypatch.setattr(FastLane, "_may_stay", lambda self, symbol, quote: True)


def say_revoked_and_do_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def told_only(self: WatchedSlots, symbol_id: int) -> bool:
        if self.state(symbol_id) == "ready":
            self._judge.on_revoked(self._symbols[symbol_id])
        return True

    monkeypatch.setattr(WatchedSlots, "revoke", told_only)


def allow_what_the_gate_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FastLane, "_is_possible", lambda self, symbol: True)


def send_again_by_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    begin_sent = Desk.begin_sent

    def forgetful(self: Desk, key: str, opportunity: Any, qty: Any, sent: Any) -> Any:
        sent.answers.clear()
        return begin_sent(self, key, opportunity, qty, sent)

    monkeypatch.setattr(Desk, "begin_sent", forgetful)


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (ignore_revocations, "in spite of a private stream that is down"),
        (say_revoked_and_do_nothing, "left by the fast lane, which was allowed nothing"),
        (allow_what_the_gate_refuses, "in spite of the gate (c"),  # concurrency, or cooling down
        (send_again_by_the_desk, "left by the fast lane, and again by the desk"),
    ],
)
def test_the_judge_sees_a_broken_lane(
    monkeypatch: pytest.MonkeyPatch, breaks: Callable[[pytest.MonkeyPatch], None], says: str
) -> None:
    breaks(monkeypatch)

    assert said(simulated(CUT), says)
