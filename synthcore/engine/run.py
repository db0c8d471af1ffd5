"""One run, from the first socket to the proof that nothing is held: the order of start and stop."""

from __future__ import annotations

import asyncio
import logging
import mmap
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

from synthcore._core.kernel import EmittedDecision
from synthcore._core.lane import Spent
from synthcore.engine.account import backend_of, trade_url
from synthcore.engine.books import Books, open_books
from synthcore.engine.control import RunControl
from synthcore.engine.control_socket import control_socket
from synthcore.engine.fast_lane import FastLaneParts, lane_memory
from synthcore.engine.fault_record import FaultRecord
from synthcore.engine.market import MarketSide
from synthcore.engine.outcome import RunOutcome, exit_code
from synthcore.engine.preflight import check_sizes
from synthcore.engine.signals import StopRequests
from synthcore.engine.status import live_facts, start_facts, trade_facts
from synthcore.engine.tally import Tally
from synthcore.engine.venue import Venue, open_venue
from synthcore.errors import ConfigError
from synthcore.execution.desk import Desk, Stopped
from synthcore.execution.events import OpenLeg
from synthcore.execution.paper import PaperTrade
from synthcore.feed.outages import Outage
from synthcore.monitor.criteria import criteria_met
from synthcore.monitor.metrics import MetricsCollector
from synthcore.monitor.observer import RunObserver
from synthcore.monitor.summary import build_summary
from synthcore.orders.bybit import BybitBackend
from synthcore.risk.budget import DEFAULT_LIMITS, Group, RateBudget
from synthcore.settings.run import RunSettings
from synthcore.strategies.synthetic import SyntheticOpportunityGenerator

log = logging.getLogger(__name__)

T = TypeVar("T")

SUMMARY_EVERY_S = 60.0


class Run:
    """The parts of one run, and what became of them."""

    def __init__(self, settings: RunSettings, observer: RunObserver) -> None:
        self.settings = settings
        self.config = settings.config
        self.observer = observer
        self.metrics = MetricsCollector()
        self.tally = Tally(settings, self.metrics)
        self.generator = SyntheticOpportunityGenerator(self.config)
        self.market: MarketSide | None = None
        self.desk: Desk | None = None
        self.failure = ""  # why the run could not go on, once it had started
        self._is_over = asyncio.Event()
        self._started_s = 0.0
        self._has_exchange_ended: Callable[[], bool] = lambda: False
        self._faults = FaultRecord()
        self._order_entry: Callable[[], str] = lambda: "rest"
        self._round_trip_ns: Callable[[], float] = lambda: 0.0
        self._clock_error_ns: Callable[[], int | None] = lambda: None
        self._epoch_of_monotonic_ns = time.time_ns() - time.monotonic_ns()

    async def main(self, was_asked: Callable[[], bool] = lambda: False) -> RunOutcome:
        """Start, trade, stop. A run that has started ends with a summary, whatever happens.

        Raises
        ------
        SynthError
            Something was wrong before the first trade. Nothing was sent.
        """
        asyncio.get_running_loop().set_exception_handler(self._on_loop_error)
        ended: asyncio.Future[RunOutcome] = asyncio.get_running_loop().create_future()
        with StopRequests() as stop:
            if was_asked():
                stop.request()
            async with AsyncExitStack() as porch:
                await self._open_control(porch, RunControl(stop, lambda: self.desk, ended))
                try:
                    ended.set_result(await self._run(stop))
                except Exception as error:
                    ended.set_exception(error)
                return ended.result()

    async def _run(self, stop: StopRequests) -> RunOutcome:
        async with AsyncExitStack() as house:
            parts = await unless_asked(stop, self._start(house))
            if parts is None:
                return self._outcome(stop, Stopped(flat=True))
            market, desk = parts
            try:
                await self._trade(stop, market)
            except Exception as error:  # a defect of ours is no reason to leave positions open
                self._on_defect(error)
            stopped = await self._stop(stop, market, desk)
            self.tally.faults = await self._faults.struck()
            return self._outcome(stop, stopped)

    async def _open_control(self, porch: AsyncExitStack, control: RunControl) -> None:
        try:
            await porch.enter_async_context(control_socket(self.settings.state_dir, control.perform))
        except ConfigError as error:
            self.observer.on_warning(str(error))
        except OSError as error:  # the record lacks its place, too, and has said so
            log.warning("no control socket in %s: %s", self.settings.state_dir, error)

    # Start

    async def _start(self, house: AsyncExitStack) -> tuple[MarketSide, Desk]:
        """Open everything in order; each part says that it is ready before the next one begins."""
        venue = await house.enter_async_context(open_venue(self.settings))
        self._has_exchange_ended, self._faults = venue.has_ended, venue.faults
        slots = house.enter_context(lane_memory(self.settings, venue))
        books = house.enter_context(open_books(self.settings, venue, self._on_journal_failure))
        self.desk = await house.enter_async_context(self._open_desk(venue, books))
        fast = self._fast_lane(venue, self.desk, slots)
        self.market = house.enter_context(self._market_side(venue, fast))
        await self.market.ready()
        check_sizes(self.config, self.desk.instruments, self.market.store)
        self._note_machine(self.market)
        self.observer.on_start(start_facts(self.settings, venue, self.market, self._order_entry()))
        return self.market, self.desk

    @asynccontextmanager
    async def _open_desk(self, venue: Venue, books: Books) -> AsyncIterator[Desk]:
        config = self.config
        backend = backend_of(config, venue)
        self._order_entry = lambda: backend.order_entry
        self._round_trip_ns = backend.network_rtt_ns
        self._clock_error_ns = lambda: int(1e6 * backend.rest.clock.uncertainty_ms)
        desk = Desk(
            backend,
            config,
            self._quote,
            self.metrics,
            RateBudget(self._limits()),
            on_trade_finished=self._on_trade,
            on_alarm=self.observer.on_warning,
            journal=books.journal,
            lost_today_usdt=books.lost_today_usdt,
        )
        books.run_begun(desk.run, venue)
        try:
            await desk.start(books.leftovers, venue.instance_id)
            yield desk
        finally:
            await desk.close()

    def _limits(self) -> dict[Group, int]:
        """What the exchange takes; its headers correct it. Our own exchange may be told to take anything."""
        limits = dict(DEFAULT_LIMITS)
        if self.settings.rate_tier == "off":
            return {}
        limits["create"] = limits["cancel"] = int(self.settings.rate_tier)
        return limits

    def _fast_lane(self, venue: Venue, desk: Desk, slots: mmap.mmap | None) -> FastLaneParts | None:
        url = trade_url(self.config, venue)
        if slots is None or url is None:
            return None
        backend = desk.backend
        assert isinstance(backend, BybitBackend)
        self._order_entry = lambda: "fast lane"
        return FastLaneParts(url, backend, desk, self.generator.opportunity, self._on_sent, slots)

    def _market_side(self, venue: Venue, fast: FastLaneParts | None) -> MarketSide:
        return MarketSide(
            venue.environment.ws_public_url,
            self.config,
            self.generator,
            self._on_decisions,
            self._on_feed_failure,
            self._on_outage,
            fast,
        )

    def _note_machine(self, market: MarketSide) -> None:
        """Say what the machine refused; none of it is fatal."""
        for refusal in market.machine.refusals():
            log.info("%s", refusal)
        for name, reason in (
            ("feed", market.feed_pinning.reason),
            ("feed", market.feed_precedence.reason),
            ("strategy", market.pipeline.pinning_reason),
            ("strategy", market.pipeline.precedence_reason),
        ):
            if reason:
                log.info("%s thread: %s", name, reason)

    # Trade

    async def _trade(self, stop: StopRequests, market: MarketSide) -> None:
        """Let decisions through until the time is over, somebody asks to stop, or something fails."""
        market.machine.freeze_collector()
        self._started_s = time.monotonic()
        market.resume()
        if self.desk is not None and self.desk.fast_lane is not None:
            self.desk.fast_lane.start()
        async with asyncio.TaskGroup() as group:
            watchers = [group.create_task(self._tell_status()), group.create_task(self._tell_summary())]
            await first_of(stop.asked.wait(), self._is_over.wait(), self._duration())
            for watcher in watchers:
                watcher.cancel()

    async def _duration(self) -> None:
        if self.settings.duration_s is None:
            await asyncio.Event().wait()
        else:
            await asyncio.sleep(self.settings.duration_s)

    def _on_decisions(self, decisions: list[EmittedDecision]) -> None:
        assert self.market is not None and self.desk is not None
        if self.desk.fast_lane is not None:
            self.desk.fast_lane.heed()
        for decision in decisions:
            symbol = self.market.symbols.text(decision.symbol_id)
            refusal = self.desk.refusal(symbol, decision.recv_ns, self.config.synthetic_spread_bps)
            self.metrics.record_opportunity()
            if refusal is None:
                refusal = self.desk.offer(
                    self.generator.opportunity(
                        symbol,
                        decision.bid,
                        decision.ask,
                        recv_ns=decision.recv_ns,
                        decided_ns=decision.decided_ns,
                        sequence=decision.sequence,
                    )
                )
            if refusal is not None:
                self.tally.suppressed[refusal] += 1
                continue
            self._on_begun(symbol, decision)

    def _on_sent(self, spent: Spent, symbol: str) -> None:
        """The fast lane has begun a trade."""
        self.metrics.record_opportunity()
        self.metrics.record_event("fast_lane_trades")
        self._on_begun(symbol, spent)

    def _on_begun(self, symbol: str, decision: EmittedDecision | Spent) -> None:
        assert self.market is not None
        self.tally.executed += 1
        self.market.arm(symbol, False)
        self._note_lag(decision)

    def _note_lag(self, decision: EmittedDecision | Spent) -> None:
        """Exchange timestamp → receive, on the server's clock. Its error is the offset's (see `doctor`)."""
        assert self.desk is not None
        recv_epoch_ns = decision.recv_ns + self._epoch_of_monotonic_ns
        offset_ns = self.desk.backend.server_time_ms() * 1e6 - time.time_ns()
        lag_ns = int(recv_epoch_ns + offset_ns - decision.exchange_us * 1000)
        self.metrics.record_latency("exchange_lag", lag_ns)

    def _on_trade(self, trade: PaperTrade) -> None:
        if trade.successful:
            self.metrics.record_success()
        else:
            self.metrics.record_failure(trade.reason or trade.end.lower())
        self.tally.synthetic_edge_usdt += trade.synthetic_edge_usdt
        self.tally.real_cost_usdt += trade.real_cost_usdt
        if self.market is not None:
            self.market.arm(trade.symbol, True)
        self.observer.on_trade(trade_facts(trade))
        if trade.end == "UNRESOLVED":
            self._fail(f"{trade.symbol}: a trade could not be proven flat")

    def _on_feed_failure(self, error: BaseException) -> None:
        self._fail(f"market data ended: {error}")

    def _on_journal_failure(self, reason: str) -> None:
        if self.desk is not None:
            self.desk.on_journal_failure(reason)
        self._fail(reason)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback of ours that fails ends the run; what else the loop has to say is logged."""
        error = context.get("exception")
        if "handle" in context and isinstance(error, Exception):
            self._on_defect(error)
        else:
            loop.default_exception_handler(context)

    def _on_defect(self, error: Exception) -> None:
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        log.error("internal error", exc_info=error)
        self._fail(f"internal error ({type(error).__name__}: {error})")

    def _on_outage(self, outage: Outage) -> None:
        """Say when market data are lost, and what was held blindly until they came back."""
        held = len(self.desk.trades) if self.desk is not None else 0
        if outage.end_ns is None:
            self.observer.on_warning(f"market data lost, {held} trades open: {outage.reason}")
        else:
            blind_ms = outage.blind_ms(outage.end_ns)
            self.observer.on_warning(f"market data whole again after {blind_ms:,.0f} ms, {held} trades open")

    def _fail(self, why: str) -> None:
        if not self.failure:
            self.failure = why
            self.observer.on_warning(why)
        self._is_over.set()

    def _quote(self, symbol: str) -> tuple[float, float, int] | None:
        update = self.market.store.latest(symbol) if self.market is not None else None
        return None if update is None else (update.bid, update.ask, update.recv_ns)

    # Tell

    async def _tell_status(self) -> None:
        assert self.market is not None and self.desk is not None
        while True:
            if self._has_exchange_ended():
                self._fail("the embedded exchange ended in the middle of the run")
            elapsed_s = time.monotonic() - self._started_s
            self.observer.on_status(
                self._summary()
                | live_facts(self.market, self.desk, elapsed_s, self.settings.duration_s)
                | {"network_rtt_ns": self._round_trip_ns()}
            )
            await asyncio.sleep(self.observer.status_every_s)

    async def _tell_summary(self) -> None:
        while True:
            await asyncio.sleep(SUMMARY_EVERY_S)
            self.observer.on_summary(self._summary(), False)

    def _summary(self, flat: bool | None = None, code: int | None = None) -> dict[str, Any]:
        if flat is None:
            flat = self.desk is not None and not self.desk.open_legs()
        error_ns = self._clock_error_ns()
        return build_summary(
            self.tally.figures(self.market, flat=flat, exit_code=code, clock_error_ns=error_ns)
        )

    # Stop

    async def _stop(self, stop: StopRequests, market: MarketSide, desk: Desk) -> Stopped:
        """No new entries, everything closed, the exchange confirms; unless a person insists on leaving."""
        market.pause()
        market.machine.thaw_collector()
        closing = asyncio.ensure_future(desk.stop())
        await first_of(asyncio.shield(closing), stop.abandoned.wait())
        if closing.done():
            return closing.result()
        closing.cancel()
        legs = desk.open_legs()
        return Stopped(flat=not legs, unresolved=legs, detail="left before everything was closed")

    def _outcome(self, stop: StopRequests, stopped: Stopped) -> RunOutcome:
        if not stopped.flat:
            self.observer.on_warning(not_flat(stopped))
        met = criteria_met(self._summary()) if self.settings.require_criteria else None
        code = exit_code(
            flat=stopped.flat,
            interrupted=stop.is_interrupted,
            failed=bool(self.failure),
            criteria_met=met,
        )
        summary = self._summary(stopped.flat, code)
        self.observer.on_summary(summary, True)
        return RunOutcome(code, summary)


def not_flat(stopped: Stopped) -> str:
    """Name what is open, or may be."""
    legs = ", ".join(leg_text(leg) for leg in stopped.unresolved) or "no leg of this run is known to be open"
    why = f" ({stopped.detail})" if stopped.detail else ""
    return f"not known to be flat{why}: {legs}; look at the exchange and close by hand what is open"


def leg_text(leg: OpenLeg) -> str:
    doubt = f", {leg.in_doubt_qty} more in doubt" if leg.in_doubt_qty else ""
    return f"{leg.symbol} {leg.leg} leg {leg.qty}{doubt}"


async def first_of(*waits: Any) -> None:
    """Wait until one of them is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def unless_asked(stop: StopRequests, work: Coroutine[Any, Any, T]) -> T | None:
    """Do the work, unless somebody asks to stop meanwhile: then it is cancelled and gives None."""
    task = asyncio.ensure_future(work)
    await first_of(asyncio.shield(task), stop.asked.wait())
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
        return None
    return task.result()
