"""Lets a storm's faults happen: at the exchange that is there, to the trading process, by a person."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from synthcore.exchange.faults.engine import Injection
from synthcore.exchange.faults.fault import Fault
from synthcore.exchange.faults.skew_clock import SkewClock
from synthcore.exchange.venue import Venue
from synthcore.simulation.away import Away
from synthcore.simulation.ground import Ground
from synthcore.simulation.journal import Disk
from synthcore.simulation.market import SYMBOLS
from synthcore.simulation.process import TradingProcess
from synthcore.simulation.settings import SimulationSettings
from synthcore.simulation.storm import ARMED_S, Stage, rage

SKEWED_S = (1.0, 8.0)
DOWN_S = (0.2, 4.0)
RECORDS = (1, 60)  # of the journal, until a process dies
LANE_STEPS = (None, 1, 2, 3, 4)  # of the next trade that the fast lane sends; None: at a record after all
BY_HAND = "by hand: simulated"


class Mishaps:
    """Knows what is there to be hurt, and counts what was.

    Parameters
    ----------
    on_exchange
        Told of each exchange that begins.

    Attributes
    ----------
    process
        The trading process that runs.
    """

    def __init__(
        self,
        settings: SimulationSettings,
        loop: asyncio.AbstractEventLoop,
        ground: Ground,
        disk: Disk,
        away: Away,
        on_exchange: Callable[[Venue], None],
    ) -> None:
        self.process: TradingProcess | None = None
        self._settings = settings
        self._loop = loop
        self._ground = ground
        self._disk = disk
        self._away = away
        self._on_exchange = on_exchange
        self._source = random.Random(f"{settings.seed}/mishaps")
        self._venue: Venue | None = None
        self._seen = 0  # injections of this venue
        self._counted: Counter[str] = Counter()
        self._beside: set[asyncio.Task[None]] = set()
        self._storm: asyncio.Task[None] | None = None
        ground.on_open, ground.on_gone = self._on_open, self._on_gone

    def begin(self) -> None:
        if self._settings.faults == "storm":
            source = random.Random(f"{self._settings.seed}/storm")
            self._storm = self._loop.create_task(rage(source, Stage(self._arm, self._act)))

    def end(self) -> None:
        """Let nothing more go wrong, and undo what lasts."""
        if self._storm is not None:
            self._storm.cancel()
        if self._venue is not None:
            self._venue.faults.clear()

    def counts(self) -> dict[str, int]:
        self.look()
        return dict(sorted(self._counted.items()))

    def look(self) -> None:
        """Count what has struck since the last look."""
        if self._venue is None:
            return
        new: list[Injection] = []
        for one in reversed(self._venue.faults.injected):
            if one.number <= self._seen:
                break
            new.append(one)
        self._seen += len(new)
        self._counted.update(one.fault.rpartition("-")[0] or one.fault for one in new)

    # Faults of the exchange

    def _arm(self, fault: Fault) -> None:
        """Arm a fault for a while, where there is an exchange."""
        venue = self._venue
        if venue is None or self._ground.exchange is None:
            return
        (name,) = venue.faults.add([fault])
        self._loop.call_later(ARMED_S, venue.faults.remove, name)
        if isinstance(fault, SkewClock):
            self._loop.call_later(self._source.uniform(*SKEWED_S), venue.world.skew_clock, 0.0, 0.0)

    def _on_open(self, venue: Venue) -> None:
        self._venue, self._seen = venue, 0
        venue.outage.tell_begun = self._away.begins
        venue.faults.add(self._settings.plan.faults)
        self._on_exchange(venue)

    def _on_gone(self) -> None:
        self.look()
        if self.process is not None:
            self.process.wires.lose_all()

    # Everything else

    def _act(self, name: str) -> None:
        """Do one of `ACTS`, where there is something to do it to."""
        is_there, process = self._ground.exchange is not None, self.process
        is_done = is_there and self._exchange_act(name)
        if is_done or (process is not None and self._process_act(name, process)):
            self._counted[name] += 1

    def _exchange_act(self, name: str) -> bool:
        match name:
            case "exchange_restarted":
                self._in_background(self._ground.go_away(self._source.uniform(*DOWN_S), keeps_state=True))
            case "exchange_replaced":
                if self.process is not None:
                    self.process.kill()  # a run ends with its exchange
                self._in_background(self._ground.go_away(self._source.uniform(*DOWN_S), keeps_state=False))
            case _:
                return False
        return True

    def _process_act(self, name: str, process: TradingProcess) -> bool:
        match name:
            case "trading_killed":
                process.dies_in = self._source.randint(*RECORDS)
                if process.lane is not None and (step := self._source.choice(LANE_STEPS)):
                    process.dies_in, process.dies_at = None, step
            case "journal_lost":
                process.kill()
                self._disk.lose()
                process.judge.lane.on_journal_lost()
            case "journal_full":
                process.journal.fail("database or disk is full")
            case "closed_by_hand":
                process.desk.close_symbol(self._source.choice(SYMBOLS), BY_HAND)
            case "stopped_by_hand":
                process.desk.halt(BY_HAND)
            case _:
                return False
        return True

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
