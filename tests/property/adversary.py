"""A small exchange that misbehaves on purpose, in virtual time, with a trade machine in front of it.

It keeps its own books and judges the machine: what was sent twice, what was closed without reduce-only,
and what is left in the end. Every choice comes from `choose(n)`, where 0 is the harmless one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

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
    PositionReported,
    Rejected,
    Reported,
    Send,
    SetTimer,
    StreamDown,
    StreamUp,
    Sweep,
    Woke,
)
from synthcore.execution.trade import Trade, TradeRules, begin, step

MS = 1_000_000
SECOND = 1000 * MS
TARGET = Decimal(4)
RULES = TradeRules(min_qty=Decimal(1))
RECEIVE_WINDOW_MS = 1000
HORIZON_NS = 120 * SECOND

Choose = Callable[[int], int]
Step = Callable[[Trade, Event, int], tuple[Trade, list[Action]]]


class Violation(AssertionError):
    """The machine broke an invariant."""


@dataclass
class Order:
    link_id: str
    leg: int
    is_close: bool
    qty: Decimal
    rests: bool
    filled: Decimal = Decimal(0)
    status: str = "open"  # open, filled, cancelled, rejected
    arrived_ns: int = 0
    fills: int = 0

    @property
    def is_final(self) -> bool:
        return self.status != "open"

    def report(self) -> Reported:
        return Reported(self.link_id, self.filled, self.is_final, self.status == "rejected")


@dataclass
class Exchange:
    """The exchange, the network, the driver and the clock around one trade."""

    choose: Choose
    step: Step = step
    passive: bool = False
    faults_left: int = 3
    now_ns: int = 1_000 * SECOND
    queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    count: int = 0
    orders: dict[str, Order] = field(default_factory=dict)
    position: list[Decimal] = field(default_factory=lambda: [Decimal(0), Decimal(0)])
    valid_until_ms: dict[str, float] = field(default_factory=dict)
    told_final: set[str] = field(default_factory=set)
    sent: dict[str, Send] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    end: Finish | None = None
    state: Trade | None = None
    timer: int = 0
    faults: list[str] = field(default_factory=list)
    unequal_since_ns: int | None = None
    longest_unequal_ns: int = 0
    is_stream_up: bool = True
    looks: int = 0

    # The run

    def run(self) -> Finish:
        self.state, actions = begin("r-1", "BTCUSDT", TARGET, RULES, self.now_ns)
        self.perform(actions)
        exit_after_ns = (700 * MS, 60 * MS, 5 * MS, 3 * SECOND)[self.choose(4)]
        self.at(exit_after_ns, lambda: self.tell(ExitRequested("take_profit")))
        deadline_ns = self.now_ns + HORIZON_NS
        while self.queue:
            at_ns, _, happen = heapq.heappop(self.queue)
            self.now_ns = max(self.now_ns, at_ns)
            if self.now_ns > deadline_ns:
                raise Violation(f"no end within {HORIZON_NS / SECOND:.0f} s: {self.state}")
            happen()
            self.measure_exposure()
        if self.end is None:
            raise Violation(f"nothing is due and there is no end: {self.state}")
        self.judge_end()
        return self.end

    def at(self, delay_ns: int, happen: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.queue, (self.now_ns + delay_ns, self.count, happen))

    def tell(self, event: Event) -> None:
        assert self.state is not None
        self.note_told(event)
        self.state, actions = self.step(self.state, event, self.now_ns)
        self.perform(actions)

    def note_told(self, event: Event) -> None:
        """Remember of which orders the machine may know that they are over."""
        match event:
            case Reported(is_final=True) | LookedUp(found=Reported(is_final=True)):
                self.told_final.add(event.link_id)
            case Rejected(error_class=error_class) if error_class != "unknown":
                self.told_final.add(event.link_id)
            case Filled(link_id=link_id) if self.orders[link_id].status == "filled":
                self.told_final.add(link_id)
            case LookedUp(found=None, failed=False):
                if event.asked_at_ms > event.valid_until_ms + RULES.not_found_margin_ms:
                    self.told_final.add(event.link_id)

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send():
                    self.on_send(action)
                case Cancel():
                    self.on_cancel(action.link_id)
                case LookUp():
                    self.on_look_up(action.link_id)
                case CheckPosition():
                    self.on_check_position()
                case Sweep():
                    self.on_sweep()
                case SetTimer():
                    self.on_timer(action.at_ns)
                case Alarm():
                    self.alarms.append(action)
                case Finish():
                    if self.end is not None:
                        raise Violation("it ended twice")
                    self.end = action

    # Choices

    def fault(self, name: str) -> bool:
        """Whether this goes wrong here, as long as there are faults to spend."""
        if self.faults_left and self.choose(10) == 9:
            self.faults_left -= 1
            self.faults.append(name)
            return True
        return False

    def pick_delay(self) -> int:
        return (2 * MS, 1 * MS, 15 * MS, 40 * MS)[self.choose(4)]

    # Orders come in

    def on_send(self, send: Send) -> None:
        self.judge_send(send)
        self.sent[send.link_id] = send
        self.told_final.discard(send.link_id)
        self.valid_until_ms[send.link_id] = self.now_ns / MS + RECEIVE_WINDOW_MS
        if self.fault("refused"):
            refusal = ("busy", "account", "ours", "unreachable", "auth_clock")[self.choose(5)]
            self.at(self.pick_delay(), lambda: self.tell(Rejected(send.link_id, refusal)))
        elif self.fault("request lost"):
            self.at(300 * MS, lambda: self.tell(AnswerLost(send.link_id)))
        elif self.fault("request late"):
            self.at((100 * MS, 950 * MS)[self.choose(2)], lambda: self.arrive(send, is_answered=False))
            self.at(300 * MS, lambda: self.tell(AnswerLost(send.link_id)))
        else:
            self.at(self.pick_delay(), lambda: self.arrive(send, is_answered=not self.fault("answer lost")))

    def arrive(self, send: Send, is_answered: bool) -> None:
        answer: Event = Acknowledged(send.link_id)
        if self.now_ns / MS > self.valid_until_ms[send.link_id]:
            answer = Rejected(send.link_id, "auth_clock")
        elif send.link_id in self.orders:
            answer = AnswerLost(send.link_id)  # a duplicate: the first was accepted, so look it up
        elif send.is_close and self.position[send.leg] <= 0:
            answer = Rejected(send.link_id, "flat")
        else:
            self.accept(send)
        if not is_answered:
            answer = AnswerLost(send.link_id)
        self.at(self.pick_delay(), lambda: self.tell(answer))

    def accept(self, send: Send) -> None:
        order = Order(
            send.link_id, send.leg, send.is_close, send.qty, rests=self.passive and not send.is_close
        )
        order.arrived_ns = self.now_ns
        self.orders[send.link_id] = order
        if self.fault("rejected after the answer"):
            order.status = "rejected"
            self.push(order.report())
            return
        if order.rests:
            self.push(order.report())
            if self.choose(2) == 0:
                self.at((30 * MS, 480 * MS, 505 * MS, 520 * MS)[self.choose(4)], lambda: self.match(order))
            return
        self.match(order)

    def match(self, order: Order) -> None:
        """Fill in up to three pieces; an order that doesn't rest is cancelled with what remains."""
        if order.is_final:
            return
        chance = order.qty - order.filled
        if self.fault("thin book"):
            chance = Decimal(self.choose(int(chance))) if chance >= 1 else Decimal(0)
        while chance > 0 and not order.is_final:
            piece = min(chance, Decimal(1 + self.choose(4)))
            if self.choose(3) == 0:
                piece = chance
            chance -= piece
            self.fill(order, piece)
        if not order.is_final and not order.rests:
            order.status = "cancelled"
            self.push(order.report())

    def fill(self, order: Order, qty: Decimal) -> None:
        if order.is_close:
            qty = min(qty, self.position[order.leg])
            self.position[order.leg] -= qty
            if qty <= 0:
                order.status = "cancelled"
                self.push(order.report())
                return
        else:
            self.position[order.leg] += qty
        order.filled += qty
        order.fills += 1
        if order.filled >= order.qty:
            order.status = "filled"
        self.push(Filled(order.link_id, f"{order.link_id}/{order.fills}", qty))
        if order.is_final or self.choose(2):
            self.push(order.report())

    def on_cancel(self, link_id: str) -> None:
        if self.fault("cancel lost"):
            self.at(300 * MS, lambda: self.tell(CancelAnswered(link_id, False)))
            return
        self.at(self.pick_delay(), lambda: self.cancel(link_id))

    def cancel(self, link_id: str) -> None:
        order = self.orders.get(link_id)
        is_open = order is not None and not order.is_final
        if order is not None and is_open:
            order.status = "cancelled"
            self.push(order.report())
        self.at(self.pick_delay(), lambda: self.tell(CancelAnswered(link_id, is_open)))

    # What the machine is told

    def push(self, event: Event) -> None:
        """A private frame: late, twice, or never."""
        if not self.is_stream_up:
            return
        if self.fault("frame lost"):
            self.at(self.pick_delay(), self.break_stream)
            return
        self.at(self.pick_delay(), lambda: self.tell(event))
        if self.fault("frame twice"):
            self.at(self.pick_delay() + 3 * MS, lambda: self.tell(event))

    def break_stream(self) -> None:
        """A frame is only ever lost by a link that breaks, sooner or later."""
        if not self.is_stream_up:
            return
        if self.choose(2):
            return  # or one frame is lost and nobody notices
        self.is_stream_up = False
        self.tell(StreamDown())
        self.at((50 * MS, 1500 * MS)[self.choose(2)], self.mend_stream)

    def mend_stream(self) -> None:
        self.is_stream_up = True
        self.tell(StreamUp())

    def on_look_up(self, link_id: str) -> None:
        self.looks += 1
        asked_at_ms = self.now_ns / MS
        self.at(self.pick_delay(), lambda: self.look_up(link_id, asked_at_ms))

    def look_up(self, link_id: str, asked_at_ms: float) -> None:
        order = self.orders.get(link_id)
        found = order.report() if order is not None else None
        failed = self.fault("look-up failed")
        if order is not None and self.now_ns - order.arrived_ns < 500 * MS and self.fault("not visible yet"):
            found = None
        valid_until_ms = self.valid_until_ms[link_id]
        answer = LookedUp(link_id, None if failed else found, asked_at_ms, valid_until_ms, failed)
        self.at(self.pick_delay(), lambda: self.tell(answer))

    def on_check_position(self) -> None:
        def answer() -> None:
            sizes = None if self.fault("position failed") else (self.position[0], self.position[1])
            self.at(self.pick_delay(), lambda: self.tell(PositionReported(sizes)))

        self.at(self.pick_delay(), answer)

    def on_sweep(self) -> None:
        for order in self.orders.values():
            if not order.is_final:
                self.cancel(order.link_id)
        self.on_check_position()

    def on_timer(self, at_ns: int) -> None:
        self.timer += 1
        mine = self.timer

        def ring() -> None:
            if mine == self.timer:
                self.tell(Woke())

        self.at(max(0, at_ns - self.now_ns), ring)

    # Judgement

    def judge_send(self, send: Send) -> None:
        """No order twice for one intent: what came before it must be known to be over."""
        if self.end is not None:
            raise Violation(f"{send.link_id} was sent after the end")
        for link_id, earlier in self.sent.items():
            same_intent = earlier.leg == send.leg and earlier.is_close == send.is_close
            if same_intent and link_id not in self.told_final:
                raise Violation(f"{send.link_id} was sent while the fate of {link_id} was open")

    def measure_exposure(self) -> None:
        if self.position[0] == self.position[1]:
            self.unequal_since_ns = None
            return
        if self.unequal_since_ns is None:
            self.unequal_since_ns = self.now_ns
        self.longest_unequal_ns = max(self.longest_unequal_ns, self.now_ns - self.unequal_since_ns)

    def judge_end(self) -> None:
        assert self.end is not None
        for leg in (0, 1):
            entered = sum(o.filled for o in self.orders.values() if o.leg == leg and not o.is_close)
            if entered > TARGET:
                raise Violation(f"entered {entered} of {TARGET}")
        if self.end.end == "UNRESOLVED":
            return
        if any(self.position):
            raise Violation(f"{self.end} with {self.position} held")
        if any(not order.is_final for order in self.orders.values()):
            raise Violation(f"{self.end} with an open order")
