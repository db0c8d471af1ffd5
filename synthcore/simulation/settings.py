"""What is simulated."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.exchange.faults.plan import FaultPlan, read_plan
from synthcore.exchange.faults.tcp import TcpFault

JOURNAL = "journal.sqlite"  # as a run names it, so that `synthtest trades` reads it
MOST_HOURS = 10_000.0


class SimulationSettings(Struct, frozen=True, kw_only=True):
    """One simulation; the same settings give the same one."""

    seed: int = 1
    hours: float = 1.0
    faults: Literal["none", "storm"] = "storm"
    plan: FaultPlan = FaultPlan()  # armed once, where there is no storm
    fast_lane: bool = False  # entries leave by it, in lives whose settings let them
    journal: Path | None = None  # a file to be read afterwards; None: in memory


def read_settings(
    seed: int, hours: float, faults: str, state: Path | None, *, fast_lane: bool = False
) -> SimulationSettings:
    """Hold what was asked for to its rules.

    Parameters
    ----------
    faults
        `none`, `storm`, or a file of faults.
    state
        A folder for the journal.

    Raises
    ------
    ConfigError
        One of them can't be.
    """
    if not (0 < hours <= MOST_HOURS and math.isfinite(hours)):
        raise ConfigError(f"--hours must be above 0 and at most {MOST_HOURS:g}, was {hours:g}")
    is_storm = faults == "storm"
    return SimulationSettings(
        seed=seed,
        hours=hours,
        faults="storm" if is_storm else "none",
        plan=FaultPlan() if is_storm or faults == "none" else plan_in(Path(faults)),
        fast_lane=fast_lane,
        journal=journal_in(state),
    )


def plan_in(path: Path) -> FaultPlan:
    if not path.is_file():
        raise ConfigError(f"--faults must be none, storm or a file of faults, was {path}, which is no file")
    plan = read_plan(path)
    wired = next((fault.do for fault in plan.faults if isinstance(fault, TcpFault)), None)
    if wired is not None:
        raise ConfigError(
            f"--faults must have faults of messages, {path} has {wired}, which is of the wire: a simulation"
            " has none; use `synthtest run` for it"
        )
    return plan


def journal_in(state: Path | None) -> Path | None:
    """Where the journal goes: never into that of a run."""
    if state is None:
        return None
    path = state / JOURNAL
    if path.exists():
        raise ConfigError(f"--state must be a folder without a journal, {path} is there; name another one")
    return path
