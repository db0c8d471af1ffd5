"""The two-leg trade as a pure machine: `step(state, event, now) -> (state, actions)`.

No clock, no socket, no random. Whoever drives it performs the actions and tells what came of them, so
the same rules run against real sockets, in virtual time, and under exhaustive search.

    opening ──both filled──────────────────────▶ active ──exit──▶ reducing to 0 ──▶ done
       │ time-out, refusal, shutdown                ▲                  ▲    │
       ▼                                            │ balanced         │    └─▶ verifying ──▶ done
    settling (cancel what is open) ──▶ reducing to the smaller leg ────┘

`reducing` sells what a leg holds above a goal, reduce-only, by a ladder: a bounded IOC, market orders,
then cancel-all and close-all. What can't be proven flat in time ends UNRESOLVED, by name.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from synthcore.execution import intent as facts
from synthcore.execution.events import (
    Acknowledged,
    Action,
    Alarm,
    AnswerLost,
    Cancel,
    CancelAnswered,
    CheckPosition,
    End,
    Event,
    ExitRequested,
    Filled,
    Finish,
    LookedUp,
    LookUp,
    OpenLeg,
    PositionReported,
    Pricing,
    Rejected,
    Reported,
    Restarted,
    Send,
    SetTimer,
    StreamDown,
    StreamUp,
    Sweep,
    Woke,
)
from synthcore.execution.intent import LEG_NAMES, ZERO, Intent
from synthcore.execution.unresolved import why_unresolved

Phase = Literal["opening", "settling", "active", "reducing", "verifying", "done"]
Quantities = tuple[Decimal, Decimal]  # of the long and the short leg

MS = 1_000_000
T = TypeVar("T")
LONG, SHORT = 0, 1
LEGS = (LONG, SHORT)

TOLD = (Filled, Reported, Acknowledged)
UNSENT = frozenset({"unreachable", "unsent"})
# Nothing was wrong with the order itself: the same rung again, after a pause.
PASSING_REFUSALS = frozenset({"busy", "unreachable", "auth_clock"})
UNWINDING = frozenset({"reducing", "verifying"})
LADDER: tuple[Pricing, ...] = ("bounded", "market", "market", "market")
SWEEP_RUNG = 3  # from here on: cancel-all first


class TradeRules(Struct, frozen=True, kw_only=True):
    """How patient a trade is, and what the instrument allows."""

    min_qty: Decimal
    leg_timeout_ns: int = 500 * MS
    max_holding_ns: int = 1000 * MS
    settle_ns: int = 250 * MS  # a cancel that is silent for so long is no longer waited for
    close_timeout_ns: int = 200 * MS  # a close that is silent for so long is looked up
    first_look_ns: int = 50 * MS  # doubles from one look-up to the next
    longest_look_ns: int = 1000 * MS
    pause_ns: int = 100 * MS  # after a refusal that passes; doubles
    longest_pause_ns: int = 1000 * MS
    give_up_ns: int = 10_000 * MS  # an exchange that is silent for so long is given up; above window + margin
    longest_unwind_ns: int = 30_000 * MS  # and one that answers, but lets nobody out, after so long
    not_found_margin_ms: float = 2000.0  # after the receive window, on server time
    entry_attempts: int = 3  # per leg: the first order and retries of its remainder
    position_checks: int = 6  # that may disagree before the trade is UNRESOLVED


class Trade(Struct, frozen=True, kw_only=True, gc=False):
    """Everything that is known of a trade."""

    key: str  # run and trade: the beginning of every link id
    symbol: str
    target_qty: Decimal
    rules: TradeRules
    phase: Phase = "opening"
    intents: tuple[Intent, ...] = ()
    filled: Quantities = (ZERO, ZERO)  # by the entries; kept, since it is asked many times a step
    held: Quantities = (ZERO, ZERO)  # of that, what was neither closed nor written off
    opened_ns: int = 0
    deadline_ns: int = 0  # of the phase: leg time-out, settling, holding
    wake_ns: int | None = None  # the timer that is set
    reason: str = ""  # why it was left: the first reason stays
    exit_reason: str = ""
    was_active: bool = False

    # Reducing
    goal_qty: Decimal = ZERO
    give_up_ns: int = 0  # moves with every answer of the exchange
    unwind_until_ns: int = 0  # does not move
    rungs: tuple[int, int] = (0, 0)
    pauses: tuple[int, int] = (0, 0)  # refusals that pass, in a row
    retry_at_ns: tuple[int, int] = (0, 0)
    written_off: Quantities = (ZERO, ZERO)  # gone from the exchange, not by our orders
    wants_position: bool = False  # a close found nothing to close: ask before the next one
    is_swept: bool = False
    is_asking_position: bool = False
    is_shut_out: bool = False  # the exchange takes nothing from our address

    # Verifying
    checks: int = 0
    check_at_ns: int = 0

    def filled_qty(self, leg: int) -> Decimal:
        """What the leg's entries filled."""
        return self.filled[leg]

    def held_qty(self, leg: int) -> Decimal:
        """What the leg holds, by all that is known."""
        return self.held[leg]

    def entries(self, leg: int) -> list[Intent]:
        return [i for i in self.intents if i.leg == leg and not i.is_close]

    def closes(self, leg: int) -> list[Intent]:
        return [i for i in self.intents if i.leg == leg and i.is_close]

    def intent(self, link_id: str) -> Intent | None:
        for known in self.intents:
            if known.link_id == link_id:
                return known
        return None


def begin(key: str, symbol: str, qty: Decimal, rules: TradeRules, now_ns: int) -> tuple[Trade, list[Action]]:
    """Start a trade: both legs are sent at the same time."""
    state = Trade(
        key=key,
        symbol=symbol,
        target_qty=qty,
        rules=rules,
        opened_ns=now_ns,
        deadline_ns=now_ns + rules.leg_timeout_ns,
    )
    turn = Turn(state, now_ns)
    for leg in LEGS:
        turn.send_entry(leg, qty)
    turn.set_timer()
    return turn.state, turn.actions


def step(state: Trade, event: Event, now_ns: int) -> tuple[Trade, list[Action]]:
    """Take one event: first learn from it, then decide what follows from all that is known."""
    turn = Turn(state, now_ns)
    LEARN[type(event)](turn, event)
    if state.phase == "done":
        after_the_end(turn, state)
        return turn.state, turn.actions
    if state.phase in UNWINDING and is_answer(event):
        turn.state = replace(turn.state, give_up_ns=now_ns + state.rules.give_up_ns)
    plan(turn)
    return turn.state, turn.actions


class Turn:
    """One step in the making: the state so far and the actions so far."""

    __slots__ = ("actions", "now_ns", "state")

    def __init__(self, state: Trade, now_ns: int) -> None:
        self.state = state
        self.now_ns = now_ns
        self.actions: list[Action] = []

    def set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def emit(self, action: Action) -> None:
        self.actions.append(action)

    def put(self, before: Intent, after: Intent) -> None:
        """Keep what is newly known of an intent."""
        intents = tuple([after if i is before else i for i in self.state.intents])
        self.state = replace(self.state, intents=intents)
        if after.filled_qty != before.filled_qty:
            self.count(after.leg)

    def count(self, leg: int) -> None:
        """Sum up what a leg filled and what it holds."""
        filled = closed = ZERO
        for intent in self.state.intents:
            if intent.leg != leg:
                continue
            if intent.is_close:
                closed += intent.filled_qty
            else:
                filled += intent.filled_qty
        held = filled - closed - self.state.written_off[leg]
        self.set(
            filled=with_leg(self.state.filled, leg, filled),
            held=with_leg(self.state.held, leg, held),
        )

    def write_off(self, written_off: Quantities) -> None:
        """Take for gone what the exchange does not hold."""
        self.set(written_off=written_off)
        for leg in LEGS:
            self.count(leg)

    def send_entry(self, leg: int, qty: Decimal) -> None:
        attempt = len(self.state.entries(leg))
        self.send_new(
            Intent(link_id=f"{self.state.key}-{'LS'[leg]}-e{attempt}", leg=leg, is_close=False, qty=qty)
        )
        self.emit(Send(self.state.intents[-1].link_id, leg, False, qty, "entry"))

    def send_close(self, leg: int, qty: Decimal, pricing: Pricing) -> None:
        """Close what a leg holds; a close that was never accepted goes out again under its own id."""
        closes = self.state.closes(leg)
        look_at_ns = self.now_ns + self.state.rules.close_timeout_ns
        if closes and closes[-1].was_doubted:
            again = Intent(link_id=closes[-1].link_id, leg=leg, is_close=True, qty=qty, look_at_ns=look_at_ns)
            self.put(closes[-1], again)
        else:
            link_id = f"{self.state.key}-{'LS'[leg]}-x{len(closes)}"
            again = Intent(link_id=link_id, leg=leg, is_close=True, qty=qty, look_at_ns=look_at_ns)
            self.send_new(again)
        self.emit(Send(again.link_id, leg, True, qty, pricing))

    def send_new(self, intent: Intent) -> None:
        self.set(intents=(*self.state.intents, intent))

    def set_timer(self) -> None:
        """Ask for the next moment at which something is due, if it differs from what is set."""
        due_ns = next_due_ns(self.state)
        if due_ns != self.state.wake_ns:
            self.set(wake_ns=due_ns)
            self.emit(SetTimer(due_ns))

    def finish(self, end: End, open_legs: tuple[OpenLeg, ...] = ()) -> None:
        self.set(phase="done")
        self.emit(Finish(end, self.state.reason, open_legs))


# Learning: what an event adds to what is known


def is_answer(event: Event) -> bool:
    """Whether it shows that the exchange is there."""
    if isinstance(event, TOLD):
        return True
    if isinstance(event, Rejected):
        return event.error_class not in UNSENT
    if isinstance(event, LookedUp):
        return not event.failed
    if isinstance(event, CancelAnswered):
        return event.accepted
    return isinstance(event, PositionReported) and event.sizes is not None


def on_acknowledged(turn: Turn, event: Acknowledged) -> None:
    with_intent(turn, event.link_id, shown, turn.now_ns + turn.state.rules.first_look_ns)


def shown(intent: Intent, look_at_ns: int) -> Intent:
    """Take an answer; where it comes after a doubt, the order may just have filled: the pauses begin anew."""
    known = facts.acknowledged(intent)
    if intent.known != "unknown":
        return known
    return replace(known, looks=0, look_at_ns=sooner(intent.look_at_ns, look_at_ns))


def on_rejected(turn: Turn, event: Rejected) -> None:
    with_intent(turn, event.link_id, facts.refused, event.error_class, turn.now_ns)


def on_answer_lost(turn: Turn, event: AnswerLost) -> None:
    with_intent(turn, event.link_id, facts.doubted, turn.now_ns)


def on_filled(turn: Turn, event: Filled) -> None:
    with_intent(turn, event.link_id, facts.filled, event.exec_id, event.qty)


def on_reported(turn: Turn, event: Reported) -> None:
    with_intent(turn, event.link_id, facts.reported, event.filled_qty, event.is_final, event.is_rejected)


def on_looked_up(turn: Turn, event: LookedUp) -> None:
    """Believe what was found; believe "not found" only when the order can't come any more."""
    rules = turn.state.rules
    doubtful_ms = event.valid_until_ms + rules.not_found_margin_ms - event.asked_at_ms
    if event.found is not None:
        on_reported(turn, event.found)
    elif not event.failed and doubtful_ms < 0:
        with_intent(turn, event.link_id, facts.never_accepted)
    longest_ns = int((doubtful_ms + 1) * MS) if doubtful_ms >= 0 else rules.longest_look_ns
    with_intent(turn, event.link_id, look_again, rules, turn.now_ns, event.found is not None, longest_ns)


def look_again(intent: Intent, rules: TradeRules, now_ns: int, was_found: bool, longest_ns: int) -> Intent:
    """Plan the next look-up of an order that can still change; cancel again what is still open.

    It is no later than `longest_ns` from now, at which the answer clears up any doubt.
    """
    if intent.is_final:
        return replace(intent, is_looking=False)
    wait_ns = min(rules.first_look_ns << min(intent.looks, 10), rules.longest_look_ns, longest_ns)
    cancel = "" if was_found and intent.cancel == "answered" else intent.cancel
    return replace(
        intent, is_looking=False, look_at_ns=now_ns + wait_ns, looks=intent.looks + 1, cancel=cancel
    )


def on_cancel_answered(turn: Turn, event: CancelAnswered) -> None:
    """The stream tells the outcome; if it doesn't, look. A refused cancel is looked up at once."""
    wait_ns = turn.state.rules.first_look_ns if event.accepted else 0
    with_intent(turn, event.link_id, cancel_answered, turn.now_ns + wait_ns)


def cancel_answered(intent: Intent, look_at_ns: int) -> Intent:
    return replace(intent, cancel="answered", look_at_ns=sooner(intent.look_at_ns, look_at_ns))


def on_position(turn: Turn, event: PositionReported) -> None:
    """Hold the exchange's position against ours."""
    turn.set(is_asking_position=False)
    if event.sizes is None:
        again_at_ns = turn.now_ns + turn.state.rules.pause_ns
        turn.set(check_at_ns=again_at_ns, retry_at_ns=(again_at_ns, again_at_ns))
    elif turn.state.phase == "reducing":
        on_position_while_reducing(turn, event.sizes)
    elif turn.state.phase == "verifying":
        on_position_while_verifying(turn, event.sizes)


def on_position_while_reducing(turn: Turn, sizes: Quantities) -> None:
    """Count as closed by someone else what is missing, if a close found nothing, too: positions may lag."""
    was_wanted = turn.state.wants_position
    turn.set(wants_position=False, is_swept=turn.state.is_swept or not was_wanted)
    for leg in LEGS:
        missing = turn.state.held[leg] - sizes[leg]
        if missing > ZERO and found_nothing(turn.state, leg):
            written_off = turn.state.written_off
            turn.write_off(with_leg(written_off, leg, written_off[leg] + missing))
            turn.emit(Alarm("position_disagrees", f"{LEG_NAMES[leg]} leg: {missing} closed by someone else"))


def on_position_while_verifying(turn: Turn, sizes: Quantities) -> None:
    state = turn.state
    if not any(sizes):
        turn.finish(flat_end(state))
        return
    if state.checks + 1 >= state.rules.position_checks:
        turn.emit(Alarm("position_disagrees", f"the exchange holds {sizes[LONG]} long, {sizes[SHORT]} short"))
        turn.finish("UNRESOLVED", open_legs(state, sizes))
        return
    pause_ns = min(state.rules.pause_ns << state.checks, state.rules.longest_pause_ns)
    turn.set(checks=state.checks + 1, check_at_ns=turn.now_ns + pause_ns)
    turn.write_off((ZERO, ZERO))
    for intent in state.intents:
        if intent.was_doubted:  # believed to be nothing, yet something is there
            turn.put(intent, replace(intent, known="unknown", refusal="", look_at_ns=turn.now_ns))


def on_stream(turn: Turn, event: StreamDown | StreamUp) -> None:
    """What it told while it was down, or would have told, is asked for."""
    for intent in turn.state.intents:
        if not intent.is_final:
            turn.put(intent, replace(intent, look_at_ns=turn.now_ns, looks=0))


def on_exit_requested(turn: Turn, event: ExitRequested) -> None:
    turn.set(exit_reason=turn.state.exit_reason or event.reason)


def on_restarted(turn: Turn, event: Restarted) -> None:
    """Leave the trade; what had no answer may have been sent or not, and every clock starts anew."""
    rules, now_ns = turn.state.rules, turn.now_ns
    turn.set(
        wake_ns=None,
        is_asking_position=False,
        is_shut_out=False,
        exit_reason=turn.state.exit_reason or "recovered",
        deadline_ns=now_ns,
        give_up_ns=now_ns + rules.give_up_ns,
        unwind_until_ns=now_ns + rules.longest_unwind_ns,
        pauses=(0, 0),
        retry_at_ns=(now_ns, now_ns),
        check_at_ns=now_ns,
    )
    for intent in turn.state.intents:
        if not intent.is_final:
            fresh = replace(facts.doubted(intent, now_ns), is_looking=False, cancel="", looks=0)
            turn.put(intent, replace(fresh, look_at_ns=now_ns))


def on_woke(turn: Turn, event: Woke) -> None:
    turn.set(wake_ns=None)


LEARN: dict[type, Callable[[Turn, Any], None]] = {
    Acknowledged: on_acknowledged,
    Rejected: on_rejected,
    AnswerLost: on_answer_lost,
    Filled: on_filled,
    Reported: on_reported,
    LookedUp: on_looked_up,
    CancelAnswered: on_cancel_answered,
    PositionReported: on_position,
    StreamDown: on_stream,
    StreamUp: on_stream,
    ExitRequested: on_exit_requested,
    Woke: on_woke,
    Restarted: on_restarted,
}


def with_intent(turn: Turn, link_id: str, learn: Callable[..., Intent], *what: Any) -> None:
    """Change what is known of one order; note what follows when a close has just become final."""
    before = turn.state.intent(link_id)
    if before is None:
        return
    after = learn(before, *what)
    turn.put(before, after)
    if after.is_close and after.is_final and not before.is_final:
        on_close_final(turn, after)


def on_close_final(turn: Turn, close: Intent) -> None:
    """Climb the ladder when a close did not do its work; pause when only the moment was wrong."""
    state, leg = turn.state, close.leg
    if close.refusal == "shut_out":
        turn.set(is_shut_out=True)
        return
    if close.refusal in PASSING_REFUSALS:
        pause(turn, leg)
        return
    if state.held[leg] <= state.goal_qty:
        turn.set(pauses=with_leg(state.pauses, leg, 0))
        return
    rung = state.rungs[leg] + 1
    if not state.goal_qty:  # there is nothing after the last rung: it is tried until time is up
        rung = min(rung, len(LADDER) - 1)
    was_in_vain = not close.filled_qty and not close.was_doubted
    if was_in_vain and LADDER[state.rungs[leg]] == "market":
        pause(turn, leg)
    else:
        turn.set(pauses=with_leg(state.pauses, leg, 0))
    turn.set(
        rungs=with_leg(turn.state.rungs, leg, rung),
        wants_position=state.wants_position or close.refusal == "flat",
    )


def pause(turn: Turn, leg: int) -> None:
    """Let a moment pass before the leg's next close, and a longer one each time."""
    state = turn.state
    pauses = state.pauses[leg]
    pause_ns = min(state.rules.pause_ns << min(pauses, 10), state.rules.longest_pause_ns)
    turn.set(
        pauses=with_leg(state.pauses, leg, pauses + 1),
        retry_at_ns=with_leg(state.retry_at_ns, leg, turn.now_ns + pause_ns),
    )


def with_leg(pair: tuple[T, T], leg: int, value: T) -> tuple[T, T]:
    """A pair with another value for one leg."""
    return (pair[LONG], value) if leg == SHORT else (value, pair[SHORT])


# Planning: what follows from all that is known


def plan(turn: Turn) -> None:
    """Act by phase until the phase rests, then see to look-ups and the timer."""
    while True:
        phase = turn.state.phase
        if phase == "done":
            return
        PLANS[phase](turn)
        if turn.state.phase == phase:
            break
    look_up_due(turn)
    turn.set_timer()


def plan_opening(turn: Turn) -> None:
    """Wait for both legs; retry a remainder; leave as soon as it can't work."""
    state = turn.state
    if min(state.filled) >= state.target_qty:
        activate(turn)
    elif state.exit_reason:
        settle(turn, state.exit_reason)
    elif is_refused(state):
        settle(turn, "leg_refused")
    elif turn.now_ns >= state.deadline_ns:
        settle(turn, "leg_timeout")
    elif any(state.filled):
        retry_remainders(turn)
    elif are_settled(state):
        settle(turn, "no_fill")


def retry_remainders(turn: Turn) -> None:
    """Send again what a leg lacks, now that there is something to hedge, while attempts are left."""
    for leg in LEGS:
        state = turn.state
        lacks = state.target_qty - state.filled[leg]
        if lacks <= ZERO or not is_settled(state, leg):
            continue
        if lacks < state.rules.min_qty or len(state.entries(leg)) >= state.rules.entry_attempts:
            settle(turn, "partial_fill")
            return
        turn.send_entry(leg, lacks)


def activate(turn: Turn) -> None:
    """Both legs hold the same: the trade is on until its exit."""
    holding_until_ns = turn.now_ns + turn.state.rules.max_holding_ns
    deadline_ns = turn.state.deadline_ns if turn.state.was_active else holding_until_ns
    turn.set(phase="active", was_active=True, deadline_ns=deadline_ns)


def settle(turn: Turn, reason: str) -> None:
    """Give up on what is not filled: cancel it, and see what became of it."""
    turn.set(
        phase="settling",
        reason=turn.state.reason or reason,
        deadline_ns=turn.now_ns + turn.state.rules.settle_ns,
    )
    if reason == "leg_timeout":  # an answer that is not there by now is as good as lost
        doubt_unanswered(turn)


def plan_settling(turn: Turn) -> None:
    """Keep what is hedged; anything that can't be hedged, or not in time, is unwound."""
    state = turn.state
    cancel_open_entries(turn)
    if are_settled(state):
        keep_what_is_hedged(turn)
    elif turn.now_ns >= state.deadline_ns or hopeless(state):
        reduce_to(turn, ZERO)


def keep_what_is_hedged(turn: Turn) -> None:
    state = turn.state
    hedged = ZERO if state.exit_reason else min(state.filled)
    if hedged > ZERO and state.held == (hedged, hedged):
        activate(turn)
    else:
        reduce_to(turn, hedged)


def hopeless(state: Trade) -> bool:
    """Whether waiting can't bring a hedge: a leg ended empty, or nobody knows what became of it."""
    unknown = any(i.known == "unknown" for i in state.intents)
    empty = any(is_settled(state, leg) and not state.filled[leg] for leg in LEGS)
    return unknown or empty


def plan_active(turn: Turn) -> None:
    """Hold until the exit; a fill that came late is balanced."""
    state = turn.state
    if state.held[LONG] != state.held[SHORT]:
        reduce_to(turn, min(state.held))
    elif state.exit_reason or turn.now_ns >= state.deadline_ns:
        turn.set(reason=state.exit_reason or "holding_time", exit_reason=state.exit_reason or "holding_time")
        reduce_to(turn, ZERO)


def reduce_to(turn: Turn, goal_qty: Decimal) -> None:
    """Bring both legs down to a quantity, and both at the same time."""
    rules = turn.state.rules
    turn.set(
        phase="reducing",
        goal_qty=max(goal_qty, ZERO),
        give_up_ns=turn.now_ns + rules.give_up_ns,
        unwind_until_ns=turn.now_ns + rules.longest_unwind_ns,
        rungs=(0, 0),
        pauses=(0, 0),
        retry_at_ns=(0, 0),
        is_swept=False,
        wants_position=False,
    )


def plan_reducing(turn: Turn) -> None:
    """Close what is above the goal; done when every order is final and the goal is met."""
    state = turn.state
    if turn.now_ns >= last_moment_ns(state):
        give_up(turn)
        return
    if state.exit_reason and state.goal_qty > ZERO:
        turn.set(goal_qty=ZERO, reason=state.reason or state.exit_reason)
    lower_goal(turn)
    cancel_open_entries(turn)
    doubt_unanswered_if_due(turn)
    # The leg whose ladder is younger goes first: its close need not wait for what the other one has to ask.
    first = SHORT if turn.state.rungs[SHORT] < turn.state.rungs[LONG] else LONG
    for leg in (first, LONG + SHORT - first):
        close_excess(turn, leg)
    state = turn.state
    if state.phase != "reducing" or state.is_asking_position:
        return
    if is_all_final(state) and state.held == (state.goal_qty, state.goal_qty):
        reached_goal(turn)


def lower_goal(turn: Turn) -> None:
    """What somebody else closed of one leg is no hedge of the other any more."""
    hedged = max(ZERO, min(turn.state.held))
    if hedged < turn.state.goal_qty:
        turn.set(goal_qty=hedged, rungs=(0, 0), is_swept=False)


def close_excess(turn: Turn, leg: int) -> None:
    """Send the next close of a leg, unless one is out or there is a reason to wait."""
    state = turn.state
    if state.phase != "reducing":
        return
    excess = state.held[leg] - state.goal_qty
    if excess <= ZERO or has_open_close(state, leg):
        return
    if state.is_shut_out:  # for minutes: what is held that long without its hedge is for a person, now
        if not awaits_close(state):
            give_up(turn)
        return
    if turn.now_ns < state.retry_at_ns[leg]:
        return
    if has_live_entry(state, leg) and turn.now_ns < state.deadline_ns:
        return  # its cancel is about to tell how much there is to close
    if state.is_asking_position:
        return
    if state.wants_position:
        ask_position(turn, CheckPosition())
    elif state.rungs[leg] >= len(LADDER):
        unwind_what_was_balanced(turn)
    elif state.rungs[leg] >= SWEEP_RUNG and not state.is_swept:
        ask_position(turn, Sweep())
    else:
        turn.send_close(leg, excess, LADDER[state.rungs[leg]])


def ask_position(turn: Turn, action: CheckPosition | Sweep) -> None:
    turn.set(is_asking_position=True)
    turn.emit(action)


def unwind_what_was_balanced(turn: Turn) -> None:
    """At the end of the ladder balancing becomes unwinding, from its first rung."""
    turn.set(goal_qty=ZERO, rungs=(0, 0), is_swept=False)
    for leg in LEGS:
        close_excess(turn, leg)


def reached_goal(turn: Turn) -> None:
    state = turn.state
    if state.goal_qty > ZERO:
        activate(turn)
    elif is_beyond_doubt(state):
        turn.finish(flat_end(state))
    else:
        turn.set(phase="verifying")


def plan_verifying(turn: Turn) -> None:
    """Ask the exchange whether it is flat, and go on only when it says so."""
    state = turn.state
    if turn.now_ns >= last_moment_ns(state):
        give_up(turn)
    elif any(state.held) or not is_all_final(state):
        turn.set(phase="reducing")
    elif turn.now_ns >= state.check_at_ns and not state.is_asking_position:
        ask_position(turn, CheckPosition())


def give_up(turn: Turn) -> None:
    state = turn.state
    legs = open_legs(state)
    if not legs:  # flat by every fill we know of, yet the exchange did not confirm it
        legs = tuple(OpenLeg(state.symbol, LEG_NAMES[leg], ZERO) for leg in LEGS if state.filled[leg])
    why = why_unresolved(state, turn.now_ns)
    turn.emit(Alarm("unresolved", f"{state.symbol}: could not be proven flat: {why}"))
    turn.finish("UNRESOLVED", legs)


PLANS: dict[Phase, Callable[[Turn], None]] = {
    "opening": plan_opening,
    "settling": plan_settling,
    "active": plan_active,
    "reducing": plan_reducing,
    "verifying": plan_verifying,
}


# What the plans do with open orders


def cancel_open_entries(turn: Turn) -> None:
    """Cancel what is open, by link id; an order without an answer yet is given the time to answer."""
    for intent in turn.state.intents:
        if not intent.is_close and intent.cancel == "" and intent.known in ("live", "unknown"):
            turn.put(intent, replace(intent, cancel="asked"))
            turn.emit(Cancel(intent.link_id))


def doubt_unanswered(turn: Turn) -> None:
    for intent in turn.state.intents:
        if not intent.is_close and intent.known == "sent":
            turn.put(intent, facts.doubted(intent, turn.now_ns))


def doubt_unanswered_if_due(turn: Turn) -> None:
    if turn.now_ns >= turn.state.deadline_ns:
        doubt_unanswered(turn)
        cancel_open_entries(turn)


def look_up_due(turn: Turn) -> None:
    for intent in turn.state.intents:
        look_at_ns = intent.next_look_ns
        if look_at_ns is not None and look_at_ns <= turn.now_ns:
            turn.put(intent, replace(intent, is_looking=True, look_at_ns=None))
            turn.emit(LookUp(intent.link_id))


def after_the_end(turn: Turn, before: Trade) -> None:
    """Nothing is sent after the end; what still comes in is at least not silent."""
    for leg in LEGS:
        late = turn.state.held[leg] - before.held[leg]
        if late:
            turn.emit(Alarm("late_fill", f"{LEG_NAMES[leg]} leg: {late} after the end"))


# Claims about a trade


def is_settled(state: Trade, leg: int) -> bool:
    """Whether no entry of the leg can fill any more."""
    for intent in state.intents:
        if intent.leg == leg and not intent.is_close and intent.known != "final":
            return False
    return True


def are_settled(state: Trade) -> bool:
    """Whether no entry can fill any more."""
    for intent in state.intents:
        if not intent.is_close and intent.known != "final":
            return False
    return True


def is_refused(state: Trade) -> bool:
    """Whether an entry was refused."""
    for intent in state.intents:
        if intent.refusal and not intent.is_close:
            return True
    return False


def is_all_final(state: Trade) -> bool:
    for intent in state.intents:
        if intent.known != "final":
            return False
    return True


def has_unanswered_entry(state: Trade) -> bool:
    for intent in state.intents:
        if not intent.is_close and intent.known == "sent":
            return True
    return False


def has_open_close(state: Trade, leg: int) -> bool:
    for intent in state.intents:
        if intent.is_close and intent.leg == leg and intent.known != "final":
            return True
    return False


def found_nothing(state: Trade, leg: int) -> bool:
    """Whether the exchange refused the leg's last close, since there was nothing to close."""
    closes = state.closes(leg)
    return bool(closes) and closes[-1].refusal == "flat"


def awaits_close(state: Trade) -> bool:
    """Whether a close is out, and not yet overdue: in a moment it tells what is left."""
    for intent in state.intents:
        if intent.is_close and intent.known in ("sent", "live") and not intent.looks:
            return True
    return False


def has_live_entry(state: Trade, leg: int) -> bool:
    """Whether an entry's fate is still on its way (one that is unknown is not waited for)."""
    for intent in state.intents:
        if intent.leg == leg and not intent.is_close and intent.known in ("sent", "live"):
            return True
    return False


def is_beyond_doubt(state: Trade) -> bool:
    """Whether flat needs no second look: a clean trade, every quantity named by the exchange."""
    nothing_held_ever = not any(state.filled)
    no_guess = not any(state.written_off) and not any(i.was_doubted for i in state.intents)
    return no_guess and (state.was_active or nothing_held_ever)


def flat_end(state: Trade) -> End:
    if state.was_active:
        return "CLOSED"
    if any(state.filled):
        return "FAILED_FLAT"
    nothing_sent = all(i.refusal in UNSENT for i in state.intents)
    return "REFUSED" if nothing_sent else "FLAT"


def open_legs(state: Trade, sizes: Quantities | None = None) -> tuple[OpenLeg, ...]:
    """Name what is open: known to be held, or in doubt."""
    found = []
    for leg in LEGS:
        held = state.held[leg] if sizes is None else sizes[leg]
        doubt = sum(
            (i.qty - i.filled_qty for i in state.entries(leg) if not i.is_final),
            ZERO,
        )
        if held != 0 or doubt != 0:
            found.append(OpenLeg(state.symbol, LEG_NAMES[leg], held, doubt))
    return tuple(found)


def next_due_ns(state: Trade) -> int:
    """The next moment at which something is due without an event."""
    match state.phase:
        case "reducing":
            due_ns = reducing_due_ns(state)
        case "verifying" if not state.is_asking_position:
            due_ns = min(last_moment_ns(state), state.check_at_ns)
        case "verifying":
            due_ns = last_moment_ns(state)
        case _:
            due_ns = state.deadline_ns
    for intent in state.intents:
        look_at_ns = intent.next_look_ns
        if look_at_ns is not None and look_at_ns < due_ns:
            due_ns = look_at_ns
    return due_ns


def reducing_due_ns(state: Trade) -> int:
    """When an entry's silence is over, or a leg that holds too much may be closed (again)."""
    due_ns = last_moment_ns(state)
    if has_unanswered_entry(state):
        due_ns = min(due_ns, state.deadline_ns)
    if state.is_asking_position or state.is_shut_out:
        return due_ns  # nothing is closed before an answer
    for leg in LEGS:
        if state.held[leg] <= state.goal_qty or has_open_close(state, leg):
            continue
        close_at_ns = state.retry_at_ns[leg]
        if has_live_entry(state, leg):
            close_at_ns = max(close_at_ns, state.deadline_ns)
        due_ns = min(due_ns, close_at_ns)
    return due_ns


def last_moment_ns(state: Trade) -> int:
    """When unwinding ends, at the latest."""
    return min(state.give_up_ns, state.unwind_until_ns)


def sooner(due_ns: int | None, other_ns: int) -> int:
    return other_ns if due_ns is None else min(due_ns, other_ns)
