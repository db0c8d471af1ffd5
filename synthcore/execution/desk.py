"""The trade desk: it lets opportunities become trades, runs them side by side, and ends flat."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial

from msgspec import Struct

from synthcore.clock import MACHINE_CLOCK, Clock
from synthcore.config import SyntheticConfig
from synthcore.errors import ConfigError, Unresolved, VenueError, VenueRefused
from synthcore.execution import events
from synthcore.execution.driver import DeskMetrics, SentEntries, TradeDriver
from synthcore.execution.events import Action, Alarm, ExitRequested, OpenLeg
from synthcore.execution.fast_lane import FastLane
from synthcore.execution.hedge_log import HedgeLogger
from synthcore.execution.intent import LEG_NAMES
from synthcore.execution.journal import NoJournal, TradeJournal
from synthcore.execution.journal_read import Leftover
from synthcore.execution.mark import MarkRules
from synthcore.execution.paper import PaperTrade
from synthcore.execution.patience import patiently
from synthcore.execution.positions import Positions
from synthcore.execution.recovery import Recovery
from synthcore.execution.shares import trade_of
from synthcore.execution.trade import LEGS, TradeRules
from synthcore.model import ArbitrageOpportunity, Fill, Instrument, OrderRequest, OrderState, Position
from synthcore.orders.gateway import (
    ExecutionBackend,
    PrivateEvent,
    RateLimitSeen,
    StreamDown,
    StreamUp,
)
from synthcore.risk.budget import Group, RateBudget
from synthcore.risk.gate import Gate, Suppression
from synthcore.risk.losses import LossGuard
from synthcore.risk.sizing import close_side, entry_qty

logger = logging.getLogger(__name__)

MS = 1_000_000
MARK_EVERY_S = 0.005
FLAT_CHECKS = 8
REMEMBERED_TRADES = 256  # for what comes after their end
RUN_PREFIX = "st"  # every order of ours begins with it
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"

# Bid, ask, and when they were received (monotonic ns); None before the first quote.
QuoteSource = Callable[[str], tuple[float, float, int] | None]

RATE_GROUPS: dict[str, Group] = {
    "/v5/order/create": "create",
    "/v5/order/create-batch": "create_batch",
    "/v5/order/cancel": "cancel",
    "/v5/order/realtime": "order_query",
    "/v5/position/list": "position_query",
}


class NoMetrics:
    """For a desk that nobody watches."""

    def record_latency(self, stage: str, ns: int) -> None:
        pass

    def record_event(self, name: str, count: int = 1) -> None:
        pass


class Stopped(Struct, frozen=True):
    """How the desk ended, as the exchange says."""

    flat: bool  # confirmed by the exchange
    unresolved: tuple[OpenLeg, ...] = ()  # what is open, or may be
    detail: str = ""  # why it is not known, where it isn't


class Desk:
    """Run the trades of one account.

    Parameters
    ----------
    backend
        The account. The desk starts and closes it.
    quote
        The latest book of a symbol, for prices and marks.
    on_trade_finished
        Told each trade's record, on the event loop.
    run
        Begins every order's link id; by default made from the time.
    journal
        Where trades are recorded before they happen; without one a crash leaves them to a person.
    lost_today_usdt
        What the account's trades of this UTC day cost before.
    clock
        That of the backend and of the event loop.
    """

    mark_every_s = MARK_EVERY_S

    def __init__(
        self,
        backend: ExecutionBackend,
        config: SyntheticConfig,
        quote: QuoteSource,
        metrics: DeskMetrics | None = None,
        budget: RateBudget | None = None,
        on_trade_finished: Callable[[PaperTrade], None] | None = None,
        on_alarm: Callable[[str], None] | None = None,
        run: str | None = None,
        rules: TradeRules | None = None,
        journal: TradeJournal | None = None,
        lost_today_usdt: Decimal = Decimal(0),
        clock: Clock = MACHINE_CLOCK,
    ) -> None:
        self.backend = backend
        self.config = config
        self.metrics: DeskMetrics = metrics if metrics is not None else NoMetrics()
        self.budget = budget if budget is not None else RateBudget()
        self.journal: TradeJournal = journal if journal is not None else NoJournal()
        self.run = run if run is not None else new_run_id(clock.epoch_ns())
        self.now_ns: Callable[[], int] = clock.monotonic_ns
        self.epoch_ns: Callable[[], int] = clock.epoch_ns
        self.gate = Gate(
            config.max_concurrent_trades,
            config.cool_down_ms * MS,
            config.max_quote_age_ms * MS,
            self.budget,
            config.minimum_spread_bps or 0.0,
        )
        self.losses = LossGuard(
            config.max_daily_loss, config.max_consecutive_failures, self.epoch_ns(), lost_today_usdt
        )
        self.mark_rules = MarkRules(
            half_life_ns=config.half_life_ms * MS,
            noise_bps=config.mark_noise_bps,
            take_profit_bps=config.take_profit_bps,
            stop_loss_bps=config.stop_loss_bps,
        )
        self.instruments: dict[str, Instrument] = {}
        self.positions = Positions()
        self.unresolved: list[OpenLeg] = []
        self.trades: dict[str, TradeDriver] = {}  # that run, by key
        self.fast_lane: FastLane | None = None
        self.loop: asyncio.AbstractEventLoop
        self.quote = quote
        self._rules = rules
        self._on_trade_finished = on_trade_finished
        self._on_alarm = on_alarm
        self._hedge_logger = HedgeLogger()
        self._ended: OrderedDict[str, TradeDriver] = OrderedDict()
        self._has_trades = asyncio.Event()
        self._count = 0
        self._is_stream_up = False
        self._marking: asyncio.Task[None] | None = None
        self._taken_over: set[str] = set()  # trades of an earlier process
        self._refused_sizes: set[str] = set()
        self._is_loss_told = False
        self._unauthorised: set[str] = set()  # trades in which the key or the clock was refused

    # Start

    async def start(self, leftovers: Iterable[Leftover] = (), instance_id: str | None = None) -> None:
        """Bring the account up, check what must hold, and end what an earlier process left.

        Raises
        ------
        ConfigError, VenueError
            As `connect`.
        Unresolved
            What an earlier process left could not be proven flat.
        """
        await self._recover(await self.connect(leftovers, instance_id))
        self._heed_losses()
        self._marking = self.loop.create_task(self._watch_marks(), name="synthetic marks")

    async def connect(self, leftovers: Iterable[Leftover] = (), instance_id: str | None = None) -> Recovery:
        """Bring the account up and check what must hold; returns the recovery, of which nothing is done yet.

        Raises
        ------
        ConfigError
            An unknown symbol, or an account that can't hold two legs.
        VenueError
            The exchange can't be reached, or refuses the key.
        """
        self.loop = asyncio.get_running_loop()
        self.backend.on_private_event(self.on_private_event)
        self.backend.on_rate_limit(self.on_rate_limit)
        await self.backend.start()
        leftovers = tuple(leftovers)
        symbols = tuple(dict.fromkeys([*self.config.symbols_to_trade, *(one.symbol for one in leftovers)]))
        self.instruments = await self.backend.instruments(symbols)
        for symbol, found in zip(symbols, await self._positions_of(symbols), strict=True):
            if not any(record.position_idx for record in found):
                raise ConfigError(
                    f"position mode must be hedge to hold two legs, was one-way for {symbol}: "
                    f"run `synthtest doctor --fix position-mode`"
                )
            self.positions.set_aside(found)
        return Recovery(self, leftovers, instance_id, symbols)

    async def _positions_of(self, symbols: Sequence[str]) -> list[list[Position]]:
        """Ask for many at a time, and for no more than the rate limit lets through in its window."""
        at_once = self.budget.capacity("position_query") or len(symbols)
        records: list[list[Position]] = []
        for first in range(0, len(symbols), at_once):
            if first:
                await asyncio.sleep(self.budget.window_ns / 1e9)
            records += await asyncio.gather(*map(self.backend.positions, symbols[first : first + at_once]))
        return records

    async def _recover(self, recovery: Recovery) -> None:
        for driver in await recovery.carry_out():
            self._warn(
                f"trade {driver.key} on {driver.symbol} of an earlier run: {driver.finished.result().end}"
            )
        if self.unresolved:
            legs = ", ".join(f"{leg.symbol} {leg.leg} leg {leg.qty}" for leg in self.unresolved)
            raise Unresolved(f"what an earlier run left must be closed, it could not be proven flat: {legs}")

    def take_over(self, driver: TradeDriver) -> None:
        """Run a trade of an earlier process to its end."""
        self.gate.begin(driver.symbol)
        self.trades[driver.key] = driver
        self._taken_over.add(driver.key)

    def on_journal_failure(self, reason: str) -> None:
        """Nothing can be recorded any more: no new trades, and those that run are closed."""
        self.halt(reason)
        self._warn(f"{reason}: no new trades, everything is closed")
        self._tell_all(ExitRequested("journal"))

    @property
    def is_stream_up(self) -> bool:
        """Whether the account's private events reach us."""
        return self._is_stream_up

    # Trades

    def offer(
        self, opportunity: ArbitrageOpportunity, position_size: float | None = None
    ) -> Suppression | None:
        """Begin a trade on an opportunity, or say why not. Never waits."""
        driver = self.try_begin(opportunity, position_size)
        return driver if isinstance(driver, str) else None

    def try_begin(
        self, opportunity: ArbitrageOpportunity, position_size: float | None = None
    ) -> TradeDriver | Suppression:
        """As `offer`, and give the trade's driver."""
        symbol = opportunity.symbol
        refusal = self.refusal(symbol, opportunity.recv_ns, opportunity.spread_bps)
        if refusal is not None:
            return refusal
        size_usdt = self.config.estimated_position_size if position_size is None else position_size
        try:
            qty = entry_qty(self.instruments[symbol], size_usdt, (opportunity.bid + opportunity.ask) / 2)
        except ConfigError as e:
            self._warn_once(symbol, str(e))
            return "risk"
        driver = TradeDriver(self, self.new_key(), opportunity, qty)
        self._run(driver)
        driver.begin(self.rules_of(symbol))
        return driver

    def refusal(self, symbol: str, quote_ns: int, spread_bps: float) -> Suppression | None:
        """Why no trade may begin on the symbol, or None; the fast lane gives up what stands in its way."""
        lane, now_ns = self.fast_lane, self.now_ns()
        if lane is None:
            return self.gate.refusal(symbol, quote_ns, now_ns, spread_bps)
        lane.heed()
        refusal = self.gate.refusal(symbol, quote_ns, now_ns, spread_bps)
        while refusal in ("concurrency", "rate_budget") and lane.make_room(symbol):
            refusal = self.gate.refusal(symbol, quote_ns, now_ns, spread_bps)
        if refusal is None and symbol in self.gate.reserved and not lane.revoke(symbol):
            return "symbol_busy"  # spent in this moment
        return refusal

    def begin_sent(
        self, key: str, opportunity: ArbitrageOpportunity, qty: Decimal, sent: SentEntries
    ) -> TradeDriver:
        """Take over a trade whose entries the fast lane has sent."""
        driver = TradeDriver(self, key, opportunity, qty)
        self._run(driver)
        driver.begin(self.rules_of(driver.symbol), sent)
        return driver

    def new_key(self) -> str:
        self._count += 1
        return f"{self.run}-{self._count}"

    def _run(self, driver: TradeDriver) -> None:
        self.gate.begin(driver.symbol)
        self.trades[driver.key] = driver
        self._has_trades.set()

    def perform(self, driver: TradeDriver, action: Action) -> None:
        """The one place through which every action of every trade goes, before it happens."""
        driver.perform(action)

    def on_finished(self, driver: TradeDriver, trade: PaperTrade) -> None:
        """A trade reached its end: free its symbol, tell who asked."""
        self.trades.pop(driver.key, None)
        if not self.trades:
            self._has_trades.clear()
        self._remember(driver)
        self.gate.end(driver.symbol, self.now_ns())
        if trade.end == "UNRESOLVED":
            self.unresolved += trade.open_legs
            self._stop_entries(f"{driver.symbol}: a trade could not be proven flat")
        self.losses.on_end(trade.end, trade.reason, trade.successful)
        self._count_cost(trade)
        self._hedge_logger.log(trade)
        if not driver.finished.done():  # who waited for it may have been cancelled, and the wait with him
            driver.finished.set_result(trade)
        if self._on_trade_finished is not None and driver.key not in self._taken_over:
            self._on_trade_finished(trade)
        if self.fast_lane is not None:
            self.fast_lane.on_free(driver.symbol)

    def end_late(self, trade: PaperTrade) -> None:
        """Write down a trade that ended in an earlier process, which could not say so any more."""
        self.journal.trade_ended(trade.trade, trade.end, trade)
        self._count_cost(trade)

    def _count_cost(self, trade: PaperTrade) -> None:
        self.losses.on_cost(trade.real_cost_usdt, self.epoch_ns())
        self._heed_losses()

    def _heed_losses(self) -> None:
        reason = self.losses.reason()
        if reason is not None and not self._is_loss_told:
            self._is_loss_told = True
            self._warn(f"no new trades: {reason}")
            self._stop_entries(reason)

    def _stop_entries(self, reason: str) -> None:
        """Halt; with the emergency stop, what is open is closed, too."""
        self.halt(reason)
        if self.config.enable_emergency_stop:
            self._tell_all(ExitRequested("emergency_stop"))

    def halt(self, reason: str) -> None:
        """Take no new trade from now on."""
        self._close_gate(reason)
        logger.error("no new trades: %s", reason)

    def _close_gate(self, reason: str) -> None:
        self.gate.halt(reason)
        if self.fast_lane is not None:
            self.fast_lane.stop()

    def mark_seed(self, driver: TradeDriver) -> int:
        """One path of the mark per trade, the same in each run of a seed."""
        return self.config.seed * 1_000_003 + int(driver.key.rpartition("-")[2])

    def fresh_quote(self, symbol: str) -> tuple[float, float] | None:
        """Bid and ask, unless they are too old to be believed."""
        quote = self.quote(symbol)
        if quote is None or self.now_ns() - quote[2] > self.gate.max_quote_age_ns:
            return None
        return quote[0], quote[1]

    def rules_of(self, symbol: str) -> TradeRules:
        if self._rules is not None:
            return self._rules
        return TradeRules(
            min_qty=self.instruments[symbol].min_qty,
            leg_timeout_ns=self.config.leg_timeout_ms * MS,
            max_holding_ns=self.config.max_holding_ms * MS,
        )

    async def _watch_marks(self) -> None:
        while True:
            await self._has_trades.wait()  # an idle desk costs nothing
            await asyncio.sleep(self.mark_every_s)
            for driver in list(self.trades.values()):
                driver.watch_mark(self.now_ns())

    # By hand

    def close_symbol(self, symbol: str, reason: str) -> list[TradeDriver]:
        """Leave the trades of a symbol; new ones may begin. Their `finished` tells how they end."""
        drivers = [driver for driver in self.trades.values() if driver.symbol == symbol]
        for driver in drivers:
            driver.tell(ExitRequested(reason))
        return drivers

    async def flatten(self, reason: str) -> Stopped:
        """Take no more trades, close what is open, and have the exchange confirm that it is flat."""
        self._close_gate(reason)
        self._tell_all(ExitRequested(reason))
        while self.trades:  # each trade ends by itself, in bounded time
            await asyncio.wait([driver.finished for driver in self.trades.values()])
        return await self._confirm_flat()

    # What happens

    def on_private_event(self, event: PrivateEvent) -> None:
        """Hand an event of the account to the trade it belongs to; what is not ours is left alone."""
        if self.fast_lane is not None:
            self.fast_lane.heed()  # it may be of a trade that we haven't heard of
        match event:
            case OrderState():
                if (driver := self._driver_of(event.link_id)) is not None:
                    driver.on_order(event)
            case Fill():
                if (driver := self._driver_of(event.link_id)) is not None:
                    driver.on_fill(event)
            case Position():
                self.positions.update(event)
            case StreamDown():
                self._warn(f"private stream is down, {self._open_text()}: {event.reason}")
                self._is_stream_up = False
                if self.fast_lane is not None:
                    self.fast_lane.revoke_all()
                self.positions.lose_track()
                self._tell_all(events.StreamDown())
            case StreamUp():
                self._is_stream_up = True
                self.positions.lose_track()
                self._tell_all(events.StreamUp())

    def _warn(self, text: str) -> None:
        logger.warning("%s", text)
        if self._on_alarm is not None:
            self._on_alarm(text)

    def _open_text(self) -> str:
        return f"{len(self.trades)} trades open"

    def _tell_all(self, event: events.Event) -> None:
        for driver in list(self.trades.values()):
            driver.tell(event)

    def _driver_of(self, link_id: str) -> TradeDriver | None:
        key = link_id.rsplit("-", 2)[0]
        return self.trades.get(key) or self._ended.get(key)

    def _remember(self, driver: TradeDriver) -> None:
        self._ended[driver.key] = driver
        while len(self._ended) > REMEMBERED_TRADES:
            self._ended.popitem(last=False)

    def on_rate_limit(self, seen: RateLimitSeen) -> None:
        """Take the exchange's count of our requests."""
        now_ns = self.now_ns()
        wait_ms = max(0.0, seen.reset_ms - self.backend.server_time_ms())
        if seen.is_shut_out:
            self.budget.shut_entries(now_ns + int(wait_ms * MS))
            if self.fast_lane is not None:
                self.fast_lane.revoke_all()
        group = RATE_GROUPS.get(seen.path)
        if group is None or seen.is_shut_out:
            return
        if seen.limit:
            self.budget.learn(group, seen.limit, seen.remaining, now_ns)
        if seen.is_refused:
            self.budget.shut(group, now_ns + int(wait_ms * MS))
        if group == "create" and self.fast_lane is not None:
            self.fast_lane.review()

    def on_refusal(self, driver: TradeDriver, refusal: VenueRefused) -> None:
        """Count it by its class; when the key or the clock is refused in two trades, take no third."""
        logger.warning("trade %s: %s", driver.key, refusal)
        self.metrics.record_event(f"refused_{refusal.error_class}")
        if refusal.error_class == "auth_clock":  # after the first, the backend has read the clock anew
            self._unauthorised.add(driver.key)
            if len(self._unauthorised) > 1:
                self.halt(str(refusal))

    def on_alarm(self, driver: TradeDriver, alarm: Alarm) -> None:
        logger.error("trade %s: %s: %s", driver.key, alarm.kind, alarm.detail)
        self.metrics.record_event(alarm.kind)
        if alarm.kind == "late_fill":
            self.unresolved += driver.open_legs()
            self._stop_entries(f"{driver.symbol}: a fill came after the trade's end")
        if self._on_alarm is not None:
            self._on_alarm(f"trade {driver.key} on {driver.symbol}: {alarm.detail}")

    def on_defect(self, driver: TradeDriver, error: BaseException) -> None:
        """Our own code failed while it did an action: no new trades, and this one is left."""
        self._halt_for_defect(driver, error)
        if driver.state.phase != "done":
            driver.tell(ExitRequested("internal_error"))
        else:
            self._give_up(driver)

    def on_lost(self, driver: TradeDriver, error: BaseException) -> None:
        """The machine itself failed: what it holds is for a person, by name."""
        self._halt_for_defect(driver, error)
        self._give_up(driver)

    def _give_up(self, driver: TradeDriver) -> None:
        """End a trade for which nothing can be done any more."""
        if not driver.finished.done():
            trade = driver.lost("internal_error")
            self.journal.trade_ended(driver.key, trade.end, trade)
            self.on_finished(driver, trade)

    def _halt_for_defect(self, driver: TradeDriver, error: BaseException) -> None:
        is_debug = logger.isEnabledFor(logging.DEBUG)
        logger.error("trade %s: %s: %s", driver.key, type(error).__name__, error, exc_info=is_debug)
        alarm = Alarm("internal_error", f"{type(error).__name__}: {error}")
        self.journal.stepped(driver.key, self.now_ns(), None, [alarm])  # the time line tells why it ended so
        self.halt(f"{driver.symbol}: an internal error ({type(error).__name__})")

    def _warn_once(self, symbol: str, text: str) -> None:
        if symbol not in self._refused_sizes:
            self._refused_sizes.add(symbol)
            self._warn(text)

    # What the exchange says

    async def ask_positions(self, symbol: str) -> tuple[Decimal, Decimal] | None:
        """Our sizes on a symbol by query; None when there is no answer."""
        self.budget.take("position_query", self.now_ns())
        try:
            self.positions.query_answered(await self.backend.positions(symbol))
        except VenueError as e:
            logger.warning("positions of %s are not known by query: %s", symbol, e)
            is_shut_out = isinstance(e, VenueRefused) and e.error_class == "shut_out"
            if not is_shut_out or not self._is_stream_up or not self.positions.is_followed(symbol):
                return None
        return self.positions.ours(symbol)

    async def cancel_ours(self, symbol: str) -> None:
        """Cancel what this process has open on a symbol, one by one: foreign orders stay."""
        for order in await self.backend.open_orders(symbol):
            if self._is_of_this_process(order.link_id):
                self.budget.take("cancel", self.now_ns())
                try:
                    await self.backend.cancel(symbol, order.link_id)
                except VenueRefused as e:
                    logger.info("cancel of %s: %s", order.link_id, e)

    def _is_of_this_process(self, link_id: str) -> bool:
        """Whether an order is of this run, or of a trade that it has taken over."""
        return link_id.startswith(f"{self.run}-") or trade_of(link_id) in self._taken_over

    # Stop

    async def stop(self) -> Stopped:
        """End flat, and watch no marks any more."""
        stopped = await self.flatten("shutdown")
        if self._marking is not None:
            self._marking.cancel()
        return stopped

    async def close(self) -> None:
        """Close the account's connections; after `stop`."""
        if self._marking is not None:
            self._marking.cancel()
        for driver in [*self.trades.values(), *self._ended.values()]:
            await driver.abandon()
        await self.backend.close()

    def open_legs(self) -> tuple[OpenLeg, ...]:
        """What is open or may be at this moment: for who has to leave at once."""
        running = [leg for driver in self.trades.values() for leg in driver.open_legs()]
        return (*self.unresolved, *running)

    async def _confirm_flat(self) -> Stopped:
        """Ask for orders and positions of every symbol; close once more what should not be there."""
        if self._count == 0:
            return Stopped(flat=True)  # nothing was ever sent
        open_legs: list[OpenLeg] = []
        for symbol in self.config.symbols_to_trade:
            try:
                open_legs += await patiently(partial(self._flatten, symbol))
            except VenueError as e:
                logger.error("%s is not known to be flat: %s", symbol, e)
                return Stopped(False, tuple(self.unresolved), str(e))
        return Stopped(not open_legs, tuple(open_legs))

    async def _flatten(self, symbol: str) -> list[OpenLeg]:
        """Give positions the time to be shown; close what an unresolved trade left behind."""
        await self.cancel_ours(symbol)
        sizes = (Decimal(0), Decimal(0))
        for attempt in range(FLAT_CHECKS):
            for record in await self.backend.positions(symbol):
                self.positions.update(record)
            sizes = self.positions.ours(symbol)
            if not any(sizes):
                return []
            for leg in LEGS:
                owed = sum(
                    (o.qty + o.in_doubt_qty for o in self.unresolved if is_leg(o, symbol, leg)), Decimal(0)
                )
                if sizes[leg] > 0 and owed > 0:
                    await self._close_left_over(symbol, leg, min(sizes[leg], owed), attempt)
            await asyncio.sleep(0.05 * 2**attempt)
        return [OpenLeg(symbol, LEG_NAMES[leg], sizes[leg]) for leg in LEGS if sizes[leg] != 0]

    async def _close_left_over(self, symbol: str, leg: int, qty: Decimal, attempt: int) -> None:
        order = OrderRequest(
            symbol=symbol,
            side=close_side(leg),
            qty=qty,
            order_type="Market",
            link_id=f"{self.run}-0{symbol[:8]}-{'LS'[leg]}-x{attempt}",
            reduce_only=True,
            position_idx=(1, 2)[leg],
        )
        self.budget.take("create", self.now_ns())
        try:
            await self.backend.place(order)
        except VenueError as e:
            logger.warning("%s: %s", order.link_id, e)


def is_leg(open_leg: OpenLeg, symbol: str, leg: int) -> bool:
    return open_leg.symbol == symbol and open_leg.leg == LEG_NAMES[leg]


def new_run_id(epoch_ns: int) -> str:
    """A short id that no other run has: the milliseconds of the epoch in base 36."""
    number, digits = epoch_ns // MS, ""
    while number:
        number, digit = divmod(number, 36)
        digits = BASE36[digit] + digits
    return RUN_PREFIX + digits
