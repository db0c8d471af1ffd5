"""One life of a trading process: it recovers, trades, and ends flat, unless it is killed before."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any, Literal

from synthcore.config import SyntheticConfig
from synthcore.errors import Unresolved, VenueError, VenueRefused
from synthcore.execution.desk import Desk
from synthcore.execution.driver import TradeDriver
from synthcore.execution.events import Alarm
from synthcore.execution.journal import RunRecord
from synthcore.execution.paper import PaperTrade
from synthcore.execution.shares import trade_of
from synthcore.orders.bybit import BybitBackend
from synthcore.orders.called import CalledTransport
from synthcore.orders.surroundings import Surroundings
from synthcore.risk.budget import DEFAULT_LIMITS, RateBudget
from synthcore.simulation.ground import Ground
from synthcore.simulation.journal import Disk, SimulatedJournal
from synthcore.simulation.judge import Judge
from synthcore.simulation.lane import LaneWire, SimulatedLane, link_id_in, symbol_in
from synthcore.simulation.market import SYMBOLS
from synthcore.simulation.quotes import Quote, Quotes
from synthcore.simulation.trace import Trace
from synthcore.simulation.wires import Wires
from synthcore.strategies.synthetic import SyntheticOpportunityGenerator
from synthcore.venues.bybit.hosts import PRIVATE_PATH, TRADE_PATH
from synthcore.virtual_time import VirtualTime

HTTP, SOCKETS = "http://exchange.virtual", "ws://exchange.virtual"
OFFERS_EVERY_S = 0.65  # on average
FIRST_BOOKS_S = 0.2
BESIDE_LANE_S = 2.0  # the same, of those that the fast lane is not asked for
DECIDES = 0.5  # the share of books on which the fast lane is asked

Ending = Literal["over", "halted", "killed", "unreachable", "unresolved"]


class WatchedDesk(Desk):
    """The desk, with a judge who hears of each trade's beginning and end."""

    mark_every_s = 0.02  # half of all its timers, otherwise
    process: TradingProcess

    def take_over(self, driver: TradeDriver) -> None:
        self.process.on_begun(driver)
        super().take_over(driver)

    def on_refusal(self, driver: TradeDriver, refusal: VenueRefused) -> None:
        super().on_refusal(driver, refusal)
        if refusal.error_class == "shut_out":
            self.process.on_shut_out(driver)

    def on_alarm(self, driver: TradeDriver, alarm: Alarm) -> None:
        super().on_alarm(driver, alarm)
        if alarm.kind == "unresolved":
            self.process.whys[driver.key] = alarm.detail

    def on_finished(self, driver: TradeDriver, trade: PaperTrade) -> None:
        super().on_finished(driver, trade)
        self.process.on_finished(trade)


class TradingProcess:
    """Everything that dies with a process, in one object.

    Parameters
    ----------
    source
        What differs from one life to the next, and when opportunities come.
    has_fast_lane
        Whether entries leave by it, in a life whose settings let them.
    """

    def __init__(
        self,
        source: random.Random,
        time: VirtualTime,
        ground: Ground,
        disk: Disk,
        judge: Judge,
        trace: Trace,
        *,
        has_fast_lane: bool = False,
    ) -> None:
        self.is_dead = False
        self.judge = judge
        self.suppressed: Counter[str] = Counter()
        self.on_death: Callable[[], object] = lambda: None
        self.dies_in: int | None = None  # records
        self.dies_at: int | None = None  # steps of the fast lane: before a frame and after it
        self._shut_out: set[str] = set()  # trades refused with 403, with no trade socket to turn to
        self.whys: dict[str, str] = {}  # by trade: why it is UNRESOLVED
        self._source = source
        self._time = time
        self._ground = ground
        self._disk = disk
        self._trace = trace
        self.wires = Wires(ground)
        self.journal = SimulatedJournal(disk, time, self._on_record)
        self.config = config_of(source)
        self._quotes = Quotes(self.wires, time)
        self._generator = SyntheticOpportunityGenerator(self.config, wall_clock_ns=time.epoch_ns)
        self.desk = self._new_desk()
        self.lane = self._new_lane() if has_fast_lane and may_hurry(self.config) else None

    def _new_desk(self) -> WatchedDesk:
        surroundings = Surroundings(
            clock=self._time,
            connect=self.wires.connect,
            transport=CalledTransport(self.wires.call, self._time.monotonic_ns),
            wire=lambda: LaneWire(self._time, self._on_frame, self._on_lane_step),
            uniform=self._source.random,
        )
        backend = BybitBackend(
            (HTTP,),
            SOCKETS + PRIVATE_PATH,
            self._ground.credentials,
            recv_window_ms=self.config.recv_window_ms,
            order_recv_window_ms=self.config.entry_recv_window_ms,
            warm_connections=1,
            ws_trade_url=SOCKETS + TRADE_PATH if self.config.order_entry == "auto" else None,
            surroundings=surroundings,
        )
        desk = WatchedDesk(
            backend,
            self.config,
            self._quotes.latest,
            budget=RateBudget(dict(DEFAULT_LIMITS) | {"create": 20, "cancel": 20}),
            journal=self.journal,
            clock=self._time,
        )
        desk.process = self
        self.journal.on_failure = desk.on_journal_failure
        return desk

    def _new_lane(self) -> SimulatedLane:
        self.wires.on_order = self.judge.lane.on_order
        source = random.Random(self._source.getrandbits(64))
        return SimulatedLane(
            SOCKETS + TRADE_PATH,
            source,
            self.desk,
            self._generator.opportunity,
            self.judge.lane,
            lambda trade: self.is_dead or self._disk.knows(trade),
        )

    async def live(self, until_s: float) -> Ending:
        """Recover, trade until then or until entries are stopped, and end flat."""
        reading = asyncio.get_running_loop().create_task(self._quotes.run(), name="quotes")
        try:
            return await self._live(until_s)
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
            await self.desk.close()
            if self.lane is not None and not self.is_dead:
                self._disk.keep_slots(self.lane.memory)
                self.judge.lane.on_ended()

    async def _live(self, until_s: float) -> Ending:
        instance_id = self._ground.instance_id
        self._disk.adopt_slots()
        leftovers = self._disk.leftovers()
        record = RunRecord(run=self.desk.run, account="simulated", venue=HTTP, instance_id=instance_id, pid=0)
        self.journal.run_begun(record)
        try:
            await self.desk.start(leftovers, instance_id)
        except Unresolved:
            return "unresolved"
        except VenueError:
            return "unreachable"
        self.judge.on_stopped(is_flat=True, how=f"recovery of {self.desk.run}")
        await asyncio.sleep(FIRST_BOOKS_S)
        self.judge.lane.on_recovered(self.journal_end)
        async with nullcontext() if self.lane is None else self.lane.running():
            await self._trade(until_s)
            stopped = await self.desk.stop()
        self.judge.on_stopped(is_flat=stopped.flat, how=f"stop of {self.desk.run}")
        return "halted" if self.desk.unresolved else "over"

    async def _trade(self, until_s: float) -> None:
        """Offer opportunities, as they come; with the fast lane most come on a book, and to it."""
        every_s = OFFERS_EVERY_S if self.lane is None else BESIDE_LANE_S
        if self.lane is not None:
            self._quotes.on_quote = self._on_quote
        while self._time.monotonic_s() < until_s:
            await asyncio.sleep(self._source.expovariate(1 / every_s))
            if self.desk.gate.is_halted:
                return
            self._offer(self._source.choice(SYMBOLS))

    def _on_quote(self, symbol: str, quote: Quote) -> None:
        """Decide on a book: what the fast lane may not send goes to the desk."""
        assert self.lane is not None
        is_chance = not self.desk.gate.is_halted and self._source.random() < DECIDES
        if is_chance and not self.lane.takes(symbol, quote) and not self.is_dead:
            self._offer(symbol)

    def _offer(self, symbol: str) -> None:
        quote = self._quotes.latest(symbol)
        if quote is None:
            self.suppressed["no_book"] += 1
            return
        opportunity = self._generator.opportunity(
            symbol,
            quote.bid,
            quote.ask,
            recv_ns=quote.recv_ns,
            decided_ns=self._time.monotonic_ns(),
        )
        begun = self.desk.try_begin(opportunity)
        if isinstance(begun, str):
            self.suppressed[begun] += 1
        else:
            self.on_begun(begun)

    # Death

    def kill(self) -> None:
        """End it as `kill -9` does: from this moment on nothing of it has any effect outside."""
        if self.is_dead:
            return
        self.is_dead = True
        self.wires.sever()
        self.journal.die(kept=self._source.random())
        if self.lane is not None:
            self._disk.keep_slots(self.lane.memory)
        self.judge.on_killed()
        self.on_death()

    def _on_record(self, values: tuple[Any, ...]) -> None:
        self._trace.add_record(values)
        if self.dies_in is not None:
            self.dies_in -= 1
            if self.dies_in <= 0:
                self.kill()

    def _on_frame(self, text: bytes) -> bool:
        """A frame of the fast lane is about to leave; False: it died before that."""
        self._on_lane_step()
        if self.is_dead:
            return False
        assert self.lane is not None
        symbol, link_id = symbol_in(text), link_id_in(text)
        self._trace.add_record((text,))
        self.judge.on_begun(trade_of(link_id), symbol)
        self.judge.lane.on_frame(symbol, link_id, self.lane.hindrance(symbol))
        return True

    def _on_lane_step(self) -> None:
        if self.dies_at is not None:
            self.dies_at -= 1
            if self.dies_at <= 0:
                self.kill()

    # As a `Witness`

    def on_begun(self, driver: TradeDriver) -> None:
        if not self.is_dead:  # it may have died of the trade's first record
            self.judge.on_begun(driver.key, driver.symbol)

    def on_shut_out(self, driver: TradeDriver) -> None:
        assert isinstance(self.desk.backend, BybitBackend)
        entry = self.desk.backend.trade_socket
        if entry is None or not entry.is_up:
            self._shut_out.add(driver.key)

    def was_shut_out(self, trade: str) -> bool:
        return trade in self._shut_out

    def why_unresolved(self, trade: str) -> str:
        return self.whys.get(trade, "")

    def on_finished(self, trade: PaperTrade) -> None:
        if not self.is_dead:
            self.judge.on_ended(trade, self)

    def journal_end(self, trade: str) -> str | None:
        return "" if self.journal.failure else self._disk.end_of(trade)


def may_hurry(config: SyntheticConfig) -> bool:
    """Whether a life's settings let the fast lane send."""
    return config.order_entry == "auto" and config.order_pricing == "marketable"


def config_of(source: random.Random) -> SyntheticConfig:
    """The settings of one life: most as they are by default, but for shorter holding."""
    return SyntheticConfig(
        symbols_to_trade=SYMBOLS,
        max_concurrent_trades=4,
        cool_down_ms=50,
        take_profit_bps=8.0,  # of 15: about one half-life
        half_life_ms=source.choice((10, 20, 30, 200)),
        order_entry=source.choices(("auto", "rest"), (85, 15))[0],
        order_pricing=source.choices(("marketable", "passive"), (95, 5))[0],
        max_consecutive_failures=1000,
        seed=source.randrange(1, 1_000_000),
    )
