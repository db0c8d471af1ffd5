"""A simulation: an exchange, one trading process after the other, a storm, a judge, a clock that jumps."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synthcore.simulation.away import Away
from synthcore.simulation.defects import heard
from synthcore.simulation.ground import Ground
from synthcore.simulation.journal import Disk
from synthcore.simulation.judge import Judge
from synthcore.simulation.mishaps import Mishaps
from synthcore.simulation.process import TradingProcess
from synthcore.simulation.settings import SimulationSettings
from synthcore.simulation.summary import Summary
from synthcore.simulation.trace import Trace
from synthcore.virtual_time import START_NS, VirtualLoop, VirtualTime

HOUR_S = 3600.0
LOOK_S = 5.0  # between two looks at what runs for too long
AGAIN_AFTER_S = (0.1, 2.0)  # from a process's end to the next one's start


class Simulation:
    """One run of a seed.

    Parameters
    ----------
    on_progress
        Told the summary so far after each simulated hour.
    """

    def __init__(
        self, settings: SimulationSettings, on_progress: Callable[[Summary], None] = lambda summary: None
    ) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self._time = VirtualTime(START_NS)
        self._loop = VirtualLoop(self._time)
        self._trace = Trace()
        self._away = Away(self._time)
        self._judge = Judge(self._time, self._away)
        self._lives: Counter[str] = Counter()
        self._suppressed: Counter[str] = Counter()
        self._source = random.Random(f"{settings.seed}/operator")
        self._mishaps: Mishaps | None = None  # once there is something to be hurt
        self._begun_s = time.perf_counter()
        self._begun_cpu_s = time.process_time()
        self._wall_s: float | None = None  # once it is over

    def run(self) -> Summary:
        """Simulate. An exception ends it early: then `summary` tells what was until there.

        Raises
        ------
        ConfigError
            The journal can't be written where it was asked for.
        """
        with tempfile.TemporaryDirectory() as folder:
            self._disk = Disk(Path(folder), self._settings.journal)
            self._ground = Ground(
                self._settings.seed, self._time, Path(folder, "exchange.records"), self._trace.add_output
            )
            mishaps = self._mishaps = Mishaps(
                self._settings, self._loop, self._ground, self._disk, self._away, self._judge.count.watch
            )
            try:
                with heard(self._judge.violated):
                    self._loop.run_until_complete(self._main(mishaps))
            finally:
                self._wall_s = time.perf_counter() - self._begun_s
                with heard(nothing_more):  # an interrupt is a failure to whatever it struck
                    self._clear_away()
        return self.summary()

    def summary(self) -> Summary:
        """What there is to say so far."""
        wall_s = self._wall_s or time.perf_counter() - self._begun_s
        simulated_s = self._time.monotonic_s()
        judge = self._judge
        return Summary(
            seed=self._settings.seed,
            trades=judge.trades,
            hours=round(simulated_s / HOUR_S, 4),
            wall_s=round(wall_s, 1),
            cpu_s=round(time.process_time() - self._begun_cpu_s, 1),
            times_real=round(simulated_s / wall_s, 1),
            faults={} if self._mishaps is None else self._mishaps.counts(),
            ends=dict(sorted(judge.ends.items())),
            unresolved=judge.unresolved,
            lives=dict(sorted(self._lives.items())),
            suppressed=dict(sorted(self._suppressed.items())),
            longest_trade_s=round(judge.longest_s, 3),
            exposure=judge.exposure.summary(),
            fast_lane=judge.lane.summary() if self._settings.fast_lane else None,
            violation_count=judge.violation_count,
            violations=judge.violations,
            hash=str(self._trace),
        )

    # The course of it

    async def _main(self, mishaps: Mishaps) -> None:
        self._loop.set_exception_handler(self._on_loop_error)
        await self._ground.open()
        watching = self._loop.create_task(self._watch(mishaps))
        mishaps.begin()
        await self._operate(mishaps, HOUR_S * self._settings.hours)
        mishaps.end()
        watching.cancel()
        await self._end_flat(mishaps)

    async def _operate(self, mishaps: Mishaps, until_s: float) -> None:
        """Start a process whenever there is none, as a supervisor does."""
        while self._time.monotonic_s() < until_s:
            await self._ground.is_there()
            await self._one_life(mishaps, until_s)
            await asyncio.sleep(self._source.uniform(*AGAIN_AFTER_S))

    async def _one_life(self, mishaps: Mishaps, until_s: float) -> None:
        source = random.Random(f"{self._settings.seed}/{self._time.passed_ns}")
        process = TradingProcess(
            source,
            self._time,
            self._ground,
            self._disk,
            self._judge,
            self._trace,
            has_fast_lane=self._settings.fast_lane,
        )
        life = self._loop.create_task(process.live(until_s), name="trading process")
        process.on_death = life.cancel
        mishaps.process = process
        self._judge.on_process(is_there=True)
        try:
            ending = str(await life)
        except asyncio.CancelledError:
            if not process.is_dead:
                raise
            ending = "killed"
        finally:
            mishaps.process = None
            self._judge.on_process(is_there=False)
            self._suppressed.update(process.suppressed)
        self._lives[ending] += 1

    async def _end_flat(self, mishaps: Mishaps) -> None:
        """Without faults, the last process leaves nothing behind."""
        await self._ground.is_there()
        await self._one_life(mishaps, self._time.monotonic_s())
        self._judge.check_none_runs("the end")
        self._judge.check_all_flat("the end")
        for left in self._disk.leftovers():
            self._judge.violated(f"the end: {left.key} has no end in the journal")

    async def _watch(self, mishaps: Mishaps) -> None:
        told = 1
        while True:
            await asyncio.sleep(LOOK_S)
            self._judge.check_ages()
            mishaps.look()
            if self._time.monotonic_s() >= told * HOUR_S:
                told += 1
                self._on_progress(self.summary())

    def _clear_away(self) -> None:
        """Whatever still waits, waits for nothing."""
        self._loop.set_exception_handler(lambda loop, context: None)
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        tasks.add(self._loop.create_task(self._ground.close()))
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()
        self._disk.close()

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._judge.violated(f"internal error: {context['message']}: {context.get('exception')!r}")


def nothing_more(what: str) -> None:
    """What breaks off when a simulation is ended is no violation."""
