"""Processes that are killed at a step, and what recovery makes of each: one row of the matrix a case."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from audit import Audit, audit
from control_client import ControlClient
from dying_trader import QTY, Ended, Job, Step, settings_of
from hedged import HEDGED
from msgspec import Struct
from msgspec.structs import replace

from synthcore.engine.books import JOURNAL
from synthcore.engine.recover import recover
from synthcore.errors import Unresolved
from synthcore.exchange.faults.fault import Fault
from synthcore.exchange.ready import AccountKey, Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.journal_read import leftovers, trades

SCRIPT = Path(__file__).with_name("dying_trader.py")
KILLED = -signal.SIGKILL
FLAT_ENDS = {"CLOSED", "FAILED_FLAT", "FLAT", "REFUSED"}
# A pair is held for a moment and left by the holding time: each record of a trade then comes in every run.
SETTINGS = {
    "symbols_to_trade": "BTCUSDT",
    "max_concurrent_trades": "1",
    "max_holding_ms": "50",
    "take_profit_bps": "1000",
    "stop_loss_bps": "1000",
    "leg_timeout_ms": "10000",  # a busy machine is no failed entry
}


def exchange_settings(accounts: int) -> ExchangeSettings:
    """Of the exchange that rows are played on, each on an account of its own."""
    return replace(HEDGED, accounts=accounts)


class Plan(Struct, frozen=True, kw_only=True):
    """A row to be played: one trade that is killed, what goes wrong beside, and the recoveries."""

    name: str
    step: Step = Step("never")
    settings: dict[str, str] = {}
    faults: tuple[Fault, ...] = ()  # armed for this row's account only
    long_price: float = 60000.0
    recovery_step: Step | None = None  # a first recovery is killed, too
    loses_journal: bool = False  # before the last recovery
    by_fast_lane: bool = False  # entries by it


class Row(Struct, frozen=True):
    """What came of a plan."""

    name: str
    codes: tuple[int, ...]  # how its processes ended: trade, first recovery
    at_kill: str  # what the exchange had after the first kill: sizes of both legs, open orders
    said: tuple[str, ...]  # what the last recovery said it did
    ends: tuple[str, ...]  # of the journal's trades
    unfinished: int  # trades in the journal that still have no end
    audit: Audit

    @property
    def was_killed(self) -> bool:
        return set(self.codes) == {KILLED}

    def flaws(self, target: Decimal = QTY) -> list[str]:
        """What is not as it must be after a kill and a recovery."""
        found = self.audit.flaws(target)
        if self.unfinished:
            found.append(f"{self.unfinished} trades have no end")
        return found + [f"end {end}" for end in self.ends if end not in FLAT_ENDS]


class Case(Struct, frozen=True):
    """A plan on an account and in a state folder of its own."""

    plan: Plan
    key: AccountKey
    settings: dict[str, str]

    @property
    def journal(self) -> Path:
        return Path(self.settings["state_dir"], JOURNAL)

    def trade(self) -> Job:
        plan = self.plan
        does = "trade fast" if plan.by_fast_lane else "trade"
        return Job(plan.name, self.settings, plan.step, does, long_price=plan.long_price)

    def recovery(self, step: Step) -> Job:
        return Job(self.plan.name, self.settings, step, does="recover")


def case(ready: Ready, number: int, folder: Path, plan: Plan) -> Case:
    """Give a plan the n-th account (from 0) and a state folder."""
    key = ready.accounts[number]
    state = folder / f"state{number}"
    state.mkdir()
    path = state / "ready.json"
    path.write_bytes(replace(ready, api_key=key.api_key, api_secret=key.api_secret).line())
    return Case(plan, key, {**SETTINGS, **plan.settings, "attach": str(path), "state_dir": str(state)})


async def play(ready: Ready, plans: Iterable[Plan], folder: Path, first: int = 0) -> dict[str, Row]:
    """Run all, note what the exchange has, recover each as `synthtest recover` does, and look again.

    Parameters
    ----------
    first
        The number of the account that the first plan is given.
    """
    cases = [case(ready, number, folder, plan) for number, plan in enumerate(plans, first)]
    arm(ready, cases)
    codes = [run_all(one.trade() for one in cases)]
    at_kill = on_exchange(ready)
    again = [(one, one.plan.recovery_step) for one in cases if one.plan.recovery_step is not None]
    if again:
        codes.append(run_all(one.recovery(step) for one, step in again))
    for one in cases:
        if one.plan.loses_journal:
            lose(one.journal)
    said = await asyncio.gather(*map(recovered, cases))
    return {
        one.plan.name: Row(
            name=one.plan.name,
            codes=tuple(found[one.plan.name].code for found in codes if one.plan.name in found),
            at_kill=at_kill[one.key.uid],
            said=lines,
            ends=tuple(line.end or "-" for line in trades(one.journal, 10)),
            unfinished=len(leftovers(one.journal)),
            audit=await audit(ready.rest, one.key),
        )
        for one, lines in zip(cases, said, strict=True)
    }


def arm(ready: Ready, cases: list[Case]) -> None:
    """Arm each case's faults for its account."""
    client = ControlClient(ready)
    for one in cases:
        for fault in one.plan.faults:
            client.add(replace(fault, when=f"{fault.when} account={one.key.uid}"))
    client.close()


def run_all(jobs: Iterable[Job]) -> dict[str, Ended]:
    """Give each job a process of its own, and wait for all of them."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=msgspec.json.encode(list(jobs)),
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    ended = [msgspec.json.decode(line, type=Ended) for line in done.stdout.splitlines()]
    return {one.name: one for one in ended}


def lose(journal: Path) -> None:
    for path in journal.parent.glob(f"{journal.name}*"):
        path.unlink()


async def recovered(one: Case) -> tuple[str, ...]:
    """Do what `synthtest recover` does, and tell what it says; what it raises is its last word."""
    said: list[str] = []
    try:
        await recover(settings_of(one.recovery(Step("never"))), said.append)
    except Unresolved as error:
        said.append(str(error))
    return tuple(said)


def on_exchange(ready: Ready) -> dict[str, str]:
    """What each account has at this moment, in words, by its id: nothing that a fault hides is hidden."""
    client = ControlClient(ready)
    accounts = client.get("state")["accounts"]
    client.close()
    return {uid: in_words(state) for uid, state in accounts.items()}


def in_words(state: dict[str, Any]) -> str:
    sizes = {row["positionIdx"]: row["size"] for row in state["positions"]}
    open_orders = f", {len(state['orders'])} open" if state["orders"] else ""
    return f"{sizes.get(1, 0)} long, {sizes.get(2, 0)} short{open_orders}"
