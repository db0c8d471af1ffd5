"""One run from the first socket to the proof that nothing is held: the order of start and stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from synthcore._core.kernel import EmittedDecision
from synthcore.engine.market import MarketSide
from synthcore.engine.outcome import ExitCode, RunOutcome, exit_code
from synthcore.engine.preflight import check_account, check_sizes
from synthcore.engine.signals import StopRequests
from synthcore.engine.status import start_facts, status_facts, trade_facts
from synthcore.engine.tally import Tally
from synthcore.engine.venue import Venue, open_venue
from synthcore.errors import SynthError
from synthcore.execution.desk import Desk
from synthcore.execution.executor import PaperTrade
from synthcore.feed.thread import new_event_loop
from synthcore.monitor.criteria import criteria_met
from synthcore.monitor.metrics import MetricsCollector
from synthcore.monitor.observer import RunObserver
from synthcore.monitor.summary import build_summary
from synthcore.orders.bybit import BybitBackend
from synthcore.settings import RunSettings
from synthcore.strategies.synthetic import SyntheticOpportunityGenerator

log = logging.getLogger(__name__)

STATUS_EVERY_S = 0.25
SUMMARY_EVERY_S = 60.0


def run(settings: RunSettings, observer: RunObserver) -> RunOutcome:
    """Trade until the duration is over, a signal comes, or something fails; end flat, and say so.

    Raises
    ------
    SynthError
        Something was wrong before the first trade: settings, keys, position mode, an exchange that isn't
        there. Nothing was sent.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(Run(settings, observer).main())


class Run:
    """The parts of one run and what became of them."""

    def __init__(self, settings: RunSettings, observer: RunObserver) -> None:
        self.settings = settings
        self.config = settings.config
        self.observer = observer
        self.metrics = MetricsCollector()
        self.tally = Tally(settings, self.metrics)
        self.generator = SyntheticOpportunityGenerator(self.config)
        self.market: MarketSide | None = None
        self.desk: Desk | None = None
        self.started_s = 0.0
        self.has_started = False
        self.failure: str = ""
        self._over = asyncio.Event()

    async def main(self) -> RunOutcome:
        """Start everything, trade, stop everything; the summary comes with every end of a started run."""
        with StopRequests() as stop:
            starting = asyncio.create_task(self._started(stop))
            return await starting
'''
