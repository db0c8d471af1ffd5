"""One trade's driver: it performs what the machine asks for and tells it what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from decimal import Decimal
from typing import Any, Protocol

from msgspec import Struct

from synthcore.config import SyntheticConfig
from synthcore.errors import JournalBroken, OutcomeUnknown, VenueError, VenueRefused, VenueUnreachable
from synthcore.execution import mark as marks
from synthcore.execution.events import (
    Acknowledged,
    Action,
    Alarm,
    AnswerLost,
    Cancel,
    CancelAnswered,
    CheckPosition,
    Event,
    ExitRequested,
    Filled,
    Finish,
    LookedUp,
    LookUp,
    OpenLeg,
    PositionReported,
    Rejected,
    Reported,
    Restarted,
    Send,
    SetTimer,
    Sweep,
    Woke,
)
from synthcore.execution.hedge import HedgeClock
from synthcore.execution.journal import Begun, TradeJournal
from synthcore.execution.ledger import Ledger
from synthcore.execution.paper import PaperTrade
from synthcore.execution.trade import LEGS, LONG, SHORT, Trade, TradeRules, begin, open_legs, step
from synthcore.model import (
    ArbitrageOpportunity,
    Fill,
    Instrument,
    OrderAck,
    OrderRequest,
    OrderState,
    Side,
)
from synthcore.orders.gateway import ExecutionBackend
from synthcore.risk.budget import Group, RateBudget
from synthcore.risk.gate import Gate
from synthcore.risk.sizing import close_side, entry_side, marketable_price, passive_price

logger = logging.getLogger(__name__)

# A close that the exchange told to wait does wait, but never longer than its own window.
LONGEST_WAIT_S = 1.0
BPS = 10_000.0


class DeskMetrics(Protocol):
    """What is timed and counted; `monitor.MetricsCollector` is one."""

    def record_latency(self, stage: str, ns: int) -> None: ...

    def record_event(self, name: str, count: int = 1) -> None: ...


class Host(Protocol):
    """What a driver needs of the desk that it belongs to."""

    loop: asyncio.AbstractEventLoop
    backend: ExecutionBackend
    config: SyntheticConfig
    instruments: dict[str, Instrument]
    metrics: DeskMetrics
    budget: RateBudget
    gate: Gate
    journal: TradeJournal
    run: str
    mark_rules: marks.MarkRules
    now_ns: Callable[[], int]

    def perform(self, driver: TradeDriver, action: Action) -> None: ...

    def fresh_quote(self, symbol: str) -> tuple[float, float] | None: ...

    def mark_seed(self, driver: TradeDriver) -> int: ...

    async def ask_positions(self, symbol: str) -> tuple[Decimal, Decimal] | None: ...

    async def cancel_ours(self, symbol: str) -> None: ...

    def on_finished(self, driver: TradeDriver, trade: PaperTrade) -> None: ...

    def on_alarm(self, driver: TradeDriver, alarm: Alarm) -> None: ...

    def on_refusal(self, driver: TradeDriver, refusal: VenueRefused) -> None: ...

    def on_defect(self, driver: TradeDriver, error: BaseException) -> None: ...

    def on_lost(self, driver: TradeDriver, error: BaseException) -> None: ...


class SentEntries(Struct, frozen=True):
    """Entries that the fast lane has sent, before the desk knew."""

    decided_ns: int
    valid_until_ms: float  # server time from which the exchange refuses them
    orders: tuple[OrderRequest, ...]
    answers: dict[str, Callable[[], Awaitable[OrderAck]]]  # by link id


class TradeDriver:
    """The I/O around one `Trade`."""

    def __init__(self, desk: Host, key: str, opportunity: ArbitrageOpportunity, qty: Decimal) -> None:
        self.desk = desk
        self.key = key
        self.opportunity = opportunity
        self.symbol = opportunity.symbol
        self.finished: asyncio.Future[PaperTrade] = desk.loop.create_future()
        self.ledger = Ledger()
        self.hedge = HedgeClock(opportunity.recv_ns)
        self.mark: marks.SyntheticMark | None = None
        self.active_since_ns: int | None = None
        self.left_ns: int | None = None
        self._qty = qty
        self._timer: asyncio.TimerHandle | None = None
        self._valid_until_ms: dict[str, float] = {}
        self._acks: dict[int, OrderAck] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent: dict[str, Callable[[], Awaitable[OrderAck]]] = {}  # not by us: their answers, by link id
        self.state: Trade

    def begin(self, rules: TradeRules, sent: SentEntries | None = None) -> None:
        """Send both legs at the same time; or take over where the fast lane has."""
        now_ns = self.desk.now_ns() if sent is None else sent.decided_ns
        self.state, actions = begin(self.key, self.symbol, self._qty, rules, now_ns)
        self.desk.journal.trade_begun(
            self.desk.run,
            Begun(
                key=self.key,
                symbol=self.symbol,
                qty=self._qty,
                rules=rules,
                now_ns=now_ns,
                opportunity=self.opportunity,
                by_fast_lane=sent is not None,
            ),
        )
        self.desk.journal.stepped(self.key, now_ns, None, actions)
        if sent is not None:
            self._sent.update(sent.answers)
            for order in sent.orders:
                self._valid_until_ms[order.link_id] = sent.valid_until_ms
                self.desk.journal.noted(self.key, now_ns, order)
        self._perform_all(actions)

    def adopt(self, state: Trade, valid_until_ms: float) -> None:
        """Take over a trade of a process that ended; its requests are refused after `valid_until_ms`."""
        self.state = state
        self._valid_until_ms = {intent.link_id: valid_until_ms for intent in state.intents}
        self.tell(Restarted())

    def tell(self, event: Event, at_ns: int | None = None) -> None:
        """Give the machine an event, and perform what it asks for; it happened at `at_ns`, or now."""
        before, now_ns = self.state, self.desk.now_ns()
        try:
            self.state, actions = step(before, event, now_ns)
        except Exception as e:  # our own defect: the trade can't go on, and must not take others along
            self.desk.on_lost(self, e)
            return
        self.desk.journal.stepped(self.key, now_ns, event, actions)
        self.hedge.on_quantities(before, self.state, now_ns if at_ns is None else at_ns)
        if self.state.phase != before.phase:
            self._on_phase(before)
        self._perform_all(actions)

    def _perform_all(self, actions: list[Action]) -> None:
        for action in actions:
            self.desk.perform(self, action)

    # Actions

    def perform(self, action: Action) -> None:
        """Do one action. Only the desk calls it, at its one choke point."""
        match action:
            case Send() if self._is_retry(action) and not self.desk.gate.allows_retry(self.desk.now_ns()):
                logger.warning("%s: no room left beside the closes, the remainder stays", action.link_id)
                self._start(self._leave_unsent(action))
            case Send():
                # Counted here and not when it leaves: the next opportunity may be offered before that.
                group = self._group(action)
                self.desk.budget.take(group, self.desk.now_ns())
                self._start(self._place(action, group))
            case Cancel():
                self._start(self._cancel(action.link_id))
            case LookUp():
                self._start(self._look_up(action.link_id))
            case CheckPosition():
                self._start(self._check_position())
            case Sweep():
                self._start(self._sweep())
            case SetTimer():
                self._set_timer(action.at_ns)
            case Alarm():
                self.desk.on_alarm(self, action)
            case Finish():
                self._start(self._finish(action))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.desk.loop.create_task(work, name=f"trade {self.key}")
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.desk.on_defect(self, error)

    def _is_retry(self, send: Send) -> bool:
        return not send.is_close and len(self.state.entries(send.leg)) > 1

    async def _leave_unsent(self, send: Send) -> None:
        self.tell(Rejected(send.link_id, "unsent"))

    def _group(self, send: Send) -> Group:
        """The rate limit's window that an order goes through."""
        if not send.is_close:
            return "create"
        group = self.desk.budget.close_group(self.desk.now_ns())
        if group == "create_batch":
            logger.warning("%s: by the batch call, single orders have no room", send.link_id)
        return group

    async def _place(self, send: Send, group: Group) -> None:
        if send.link_id in self._sent:
            await self._await_answer(send, self._sent.pop(send.link_id)())
            return
        wait_ns = self.desk.budget.wait_ns(group, self.desk.now_ns())
        if wait_ns:
            await asyncio.sleep(min(wait_ns / 1e9, LONGEST_WAIT_S))
        backend, journal = self.desk.backend, self.desk.journal
        order = self._order(send)
        journal.noted(self.key, self.desk.now_ns(), order)
        try:
            await journal.kept()
        except JournalBroken:
            if not send.is_close:  # what can't be recorded must not be opened; closing comes first
                self.tell(Rejected(send.link_id, "unsent"))
                return
        # The request is stamped after this line, so the exchange refuses it at the latest then.
        self._valid_until_ms[send.link_id] = backend.server_time_ms() + backend.order_recv_window_ms + 1.0
        by_batch = group == "create_batch"
        await self._await_answer(send, backend.place_by_batch(order) if by_batch else backend.place(order))

    async def _await_answer(self, send: Send, placing: Awaitable[OrderAck]) -> None:
        """Tell the machine what became of an order."""
        try:
            ack = await placing
        except VenueRefused as e:
            self.desk.on_refusal(self, e)
            self.tell(Rejected(send.link_id, e.error_class, e.code))
        except VenueUnreachable as e:
            logger.warning("%s: %s", send.link_id, e)
            self.tell(Rejected(send.link_id, "unreachable"))
        except OutcomeUnknown as e:
            logger.warning("%s: %s", send.link_id, e)
            self.desk.metrics.record_event("unknown_outcomes")
            self.tell(AnswerLost(send.link_id))
        else:
            self._on_ack(send, ack)
            self.tell(Acknowledged(send.link_id))

    def _order(self, send: Send) -> OrderRequest:
        """Price an intent by the book of the moment."""
        is_passive = send.pricing == "entry" and self.desk.config.order_pricing == "passive"
        return order_request(self.symbol, send, self._price(send, side_of(send)), rests=is_passive)

    def _price(self, send: Send, side: Side) -> Decimal | None:
        """The order's limit; None is market."""
        if send.pricing == "market":
            return None
        instrument = self.desk.instruments[self.symbol]
        config = self.desk.config
        if send.pricing == "entry" and config.order_pricing == "passive":
            wanted = self.opportunity.long_price if send.leg == LONG else self.opportunity.short_price
            return passive_price(instrument, side, wanted)
        quote = self.desk.fresh_quote(self.symbol)
        if quote is None:
            if send.is_close:
                return None  # without a book there is no bound: out comes first
            quote = (self.opportunity.bid, self.opportunity.ask)
        return marketable_price(instrument, side, *quote, config.max_cross_bps)

    def _on_ack(self, send: Send, ack: OrderAck) -> None:
        self.desk.journal.noted(self.key, self.desk.now_ns(), ack)
        metrics = self.desk.metrics
        metrics.record_latency("order_placement", ack.acked_ns - ack.sent_ns)
        if send.is_close:
            return
        self.hedge.on_sent(ack.sent_ns)
        self.hedge.on_ack(send.leg, ack.acked_ns)
        if send.leg in self._acks:
            return  # a retry of a remainder: its wait is not the opportunity's
        self._acks[send.leg] = ack
        metrics.record_latency("decision_to_wire", ack.sent_ns - self.opportunity.decided_ns)
        if len(self._acks) == len(LEGS):
            recv_ns = self.opportunity.recv_ns
            metrics.record_latency("tick_to_order", max(a.sent_ns for a in self._acks.values()) - recv_ns)
            metrics.record_latency("end_to_end", max(a.acked_ns for a in self._acks.values()) - recv_ns)

    async def _cancel(self, link_id: str) -> None:
        self.desk.budget.take("cancel", self.desk.now_ns())
        self.desk.metrics.record_event("cancellations")
        accepted = True
        try:
            await self.desk.backend.cancel(self.symbol, link_id)
        except VenueError as e:
            accepted = False
            logger.info("cancel of %s: %s", link_id, e)
        self.tell(CancelAnswered(link_id, accepted))

    async def _look_up(self, link_id: str) -> None:
        backend = self.desk.backend
        asked_at_ms = backend.server_time_ms()
        valid_until_ms = self._valid_until_ms.get(link_id, asked_at_ms)
        self.desk.budget.take("order_query", self.desk.now_ns())
        try:
            found = await backend.look_up(self.symbol, link_id)
        except VenueError as e:
            logger.info("look-up of %s: %s", link_id, e)
            self.tell(LookedUp(link_id, None, asked_at_ms, valid_until_ms, failed=True))
            return
        report = None if found is None else report_of(found)
        self.tell(LookedUp(link_id, report, asked_at_ms, valid_until_ms))

    async def _check_position(self) -> None:
        self.tell(PositionReported(await self.desk.ask_positions(self.symbol)))

    async def _sweep(self) -> None:
        """Cancel what is ours on the symbol, and nothing else; then see what is left."""
        try:
            await self.desk.cancel_ours(self.symbol)
        except VenueError as e:
            logger.warning("sweep of %s: %s", self.symbol, e)
            self.tell(PositionReported(None))
            return
        await self._check_position()

    def _set_timer(self, at_ns: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        delay_s = max(0, at_ns - self.desk.now_ns()) / 1e9
        self._timer = self.desk.loop.call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.tell(Woke())

    # Events of the stream

    def on_order(self, order: OrderState) -> None:
        self.tell(report_of(order))

    def on_fill(self, fill: Fill) -> None:
        self.ledger.add(fill)
        self.desk.journal.noted(self.key, self.desk.now_ns(), fill)
        self.tell(Filled(fill.link_id, fill.exec_id, fill.qty), fill.recv_ns)

    # The mark

    def _on_phase(self, before: Trade) -> None:
        now_ns = self.desk.now_ns()
        if self.state.phase == "active" and self.mark is None:
            self.active_since_ns = now_ns
            self.mark = marks.start_mark(
                self.desk.mark_seed(self), self.opportunity.spread_bps, self._mid(), now_ns
            )
        elif before.phase == "active":
            self.left_ns = now_ns
        if (
            self.state.phase == "reducing"
            and not self.state.was_active
            and any(map(self.state.filled_qty, LEGS))
        ):
            self.desk.metrics.record_event("emergency_closes")
        if self.state.phase == "settling" and self.state.reason == "leg_timeout":
            self.desk.metrics.record_event("time_outs")

    def watch_mark(self, now_ns: int) -> None:
        """Let the synthetic venue's price move, and leave when it says so."""
        if self.state.phase != "active" or self.mark is None:
            return
        rules = self.desk.mark_rules
        self.mark = marks.advance(self.mark, rules, now_ns)
        reason = marks.exit_reason(self.mark, rules, self._mid())
        if reason is not None:
            self.tell(ExitRequested(reason))

    @property
    def mark_bps(self) -> float | None:
        """What the synthetic mark has earned so far."""
        return None if self.mark is None else self.mark.earned_bps(self._mid())

    def _mid(self) -> float:
        bid, ask = self.desk.fresh_quote(self.symbol) or (self.opportunity.bid, self.opportunity.ask)
        return (bid + ask) / 2

    # The end

    async def _finish(self, finish: Finish) -> None:
        if self._timer is not None:
            self._timer.cancel()
        await self._complete_ledger()
        self._count_oddities(finish)
        paper = self.paper(finish)
        self.desk.journal.trade_ended(self.key, paper.end, paper)
        self.desk.on_finished(self, paper)

    def _count_oddities(self, finish: Finish) -> None:
        """Count what did not go straight: entries that filled in part, lost answers that were cleared up."""
        for intent in self.state.intents:
            if not intent.is_close and 0 < intent.filled_qty < intent.qty:
                self.desk.metrics.record_event("partial_fills")
            if intent.was_doubted and finish.end != "UNRESOLVED":
                self.desk.metrics.record_event("unknown_then_resolved")

    async def _complete_ledger(self) -> None:
        """Ask for fills that the stream did not bring: the money should be right, too."""
        for intent in self.state.intents:
            if self.ledger.qty(intent.link_id) < intent.filled_qty:
                try:
                    fills = await self.desk.backend.fills(self.symbol, intent.link_id)
                except VenueError as e:
                    logger.warning("fills of %s are not known: %s", intent.link_id, e)
                    continue
                for fill in fills:
                    self.ledger.add(fill)

    def paper(self, finish: Finish) -> PaperTrade:
        """The record of this trade, by its fills that are known."""
        state, mid = self.state, self._mid()
        hedged_qty = min(state.filled_qty(leg) for leg in LEGS) if state.was_active else Decimal(0)
        notional = float(hedged_qty) * (self.mark.entry_mid if self.mark is not None else mid)
        earned_bps = self.mark_bps or 0.0
        prices = [self.ledger.average_price({i.link_id for i in state.entries(leg)}) for leg in LEGS]
        held_until_ns = self.left_ns or self.desk.now_ns()
        return PaperTrade(
            trade=self.key,
            symbol=self.symbol,
            end=finish.end,
            reason=finish.reason,
            was_hedged=state.was_active,
            target_qty=state.target_qty,
            qty=hedged_qty,
            long_entry_px=prices[LONG],
            short_entry_px=prices[SHORT],
            held_ns=held_until_ns - self.active_since_ns if self.active_since_ns is not None else 0,
            claimed_usdt=self.opportunity.projected_profit_after_slippage / BPS * notional,
            synthetic_edge_usdt=earned_bps / BPS * notional,
            real_cost_usdt=float(self.ledger.cost(mid)),
            fees_usdt=float(self.ledger.fees),
            hedge=self.hedge.metrics(self.desk.now_ns()),
            open_legs=finish.open_legs,
        )

    def lost(self, reason: str) -> PaperTrade:
        """The record of a trade that nothing can be done for any more."""
        return self.paper(Finish("UNRESOLVED", reason, self.open_legs()))

    async def abandon(self) -> None:
        """Stop all I/O of this trade at once: only for a process that must leave now."""
        if self._timer is not None:
            self._timer.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def open_legs(self) -> tuple[OpenLeg, ...]:
        """What is open or may be, by all that is known."""
        return open_legs(self.state)


def side_of(send: Send) -> Side:
    return close_side(send.leg) if send.is_close else entry_side(send.leg)


def order_request(symbol: str, send: Send, price: Decimal | None, rests: bool = False) -> OrderRequest:
    """An intent as an order; without a price it goes at market."""
    return OrderRequest(
        symbol=symbol,
        side=side_of(send),
        qty=send.qty,
        order_type="Market" if price is None else "Limit",
        link_id=send.link_id,
        price=price,
        time_in_force="GTC" if rests else "IOC",
        reduce_only=send.is_close,
        position_idx=(1, 2)[send.leg],
    )


def report_of(order: OrderState) -> Reported:
    return Reported(order.link_id, order.filled_qty, order.is_final, order.status == "Rejected")
