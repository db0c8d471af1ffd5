"""The production machine in the search: its states numbered, made relative in time, and held to be symmetric.

`step` is pure, so each (state, event) is computed once. Each time it is computed for both mirror images,
and the results must mirror each other: that the search keeps one of two mirrored states is proven as it goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace

from synthcore.execution import events
from synthcore.execution.intent import Intent
from synthcore.execution.recovery import holding
from synthcore.execution.trade import LEGS, Trade, begin, has_open_close, step

from .bounds import MOST, NEVER_NS, NOW_NS, RULES, TARGET, TICK_NS

KEY, SYMBOL = "t", "X"
SIDES = "LS"
FLIPPED = {"long": "short", "short": "long"}
SATURATED_LOOKS = 1  # 1 tick, then 2 for ever: more look-ups make no difference


class Violation(AssertionError):
    """The machine broke a promise."""


class Facts(Struct, frozen=True):
    """What the judge asks of a machine's state, worked out once."""

    phase: str
    known: tuple[int, int]  # lots held, by all it was told
    finals: dict[tuple[int, str], int]  # orders that it knows to be over, with the lots that it counts
    overdue: frozenset[tuple[int, str]]  # orders whose answer was lost, or that were looked up
    unsure: frozenset[tuple[int, str]]  # of them, those whose executions were not all told
    has_exit: bool
    is_closing: tuple[bool, ...]  # a close was sent, if without success as yet


Pool = dict[tuple[str, Any], Any]
T = TypeVar("T")
Did = tuple[Any, ...]  # one action, in the search's words
Told = tuple[int, tuple[Did, ...]]


class Machine:
    """All states of the machine that the search has met."""

    def __init__(self) -> None:
        self._ids: dict[Trade, int] = {}
        self._pool: Pool = {}
        self._states: list[Trade] = []
        self._mirrors: list[int] = []
        self._facts: list[Facts] = []
        self._told: dict[tuple[Any, ...], Told] = {}
        self._later: dict[tuple[int, int], int] = {}
        self._complete: dict[tuple[int, int, str], int] = {}

    def __len__(self) -> int:
        return len(self._states)

    @property
    def steps(self) -> int:
        """How often the production `step` gave a result of its own."""
        return len(self._told)

    def begin(self) -> Told:
        state, actions = begin(KEY, SYMBOL, Decimal(TARGET), RULES, NOW_NS)
        return self.intern(state), tuple(sorted(map(did, actions)))

    def holding(self, sizes: tuple[int, int]) -> int:
        """A trade that recovery makes of positions which no journal explains."""
        long, short = map(Decimal, sizes)
        return self.intern(holding(KEY, SYMBOL, (long, short), RULES, NOW_NS))

    def tell(self, number: int, what: tuple[Any, ...]) -> Told:
        """Give the machine an event, and its mirror image the mirrored one."""
        known = self._told.get((number, what))
        if known is None:
            known = self._step(number, what)
            mirrored = self._step(self._mirrors[number], flipped(what))
            if mirrored != (self._mirrors[known[0]], flipped_actions(known[1])):
                raise Violation(f"the legs are not treated alike on {what}: {self._states[number]}")
            self._told[self._mirrors[number], flipped(what)] = mirrored
            self._told[number, what] = known
        return known

    def _step(self, number: int, what: tuple[Any, ...]) -> Told:
        before = self._states[number]
        state, actions = step(before, event_of(what), NOW_NS)
        if before.reason and state.reason != before.reason and before.phase != "active":
            raise Violation(f"the first reason must stay: {before.reason}, {state.reason}")
        if not counts(state, before, what):
            raise Violation(f"{what} was told, and does not count: {state}")
        if before.phase == "done" and any(not isinstance(act, events.Alarm) for act in actions):
            raise Violation(f"only an alarm may follow the end, not {actions}")
        if what == ("woke",) and any(
            isinstance(act, events.SetTimer) and act.at_ns <= NOW_NS for act in actions
        ):
            raise Violation(f"a timer rings again and again, for nothing: {state}")
        return self.intern(state), tuple(sorted(map(did, actions)))

    def later(self, number: int, ticks: int) -> int:
        """The same state, with every time that much nearer."""
        found = self._later.get((number, ticks))
        if found is None:
            found = self.intern(shifted(self._states[number], -ticks * TICK_NS))
            self._later[number, ticks] = found
        return found

    def told_all(self, number: int, leg: int, name: str) -> int:
        """The same state, where every execution of a finished order has been told."""
        found = self._complete.get((number, leg, name))
        if found is None:
            state = self._states[number]
            link_id = link_of(leg, name)
            intents = tuple(all_told(i) if i.link_id == link_id else i for i in state.intents)
            found = self._complete[number, leg, name] = self.intern(replace(state, intents=intents))
        return found

    def is_deaf(self, number: int, what: tuple[Any, ...]) -> bool:
        """Whether an event changes nothing."""
        return self.tell(number, what) == (number, ())

    def mirror(self, number: int) -> int:
        return self._mirrors[number]

    def facts(self, number: int) -> Facts:
        return self._facts[number]

    def state(self, number: int) -> Trade:
        return self._states[number]

    def intern(self, state: Trade) -> int:
        """The number of a state, up to the passing of time and what can't matter any more."""
        return self._number(canonical(state, self._pool))

    def _number(self, state: Trade) -> int:
        found = self._ids.get(state)
        if found is not None:
            return found
        image = canonical(mirrored(state), self._pool)
        for one in dict.fromkeys((state, image)):
            self._ids[one] = len(self._states)
            self._states.append(one)
            self._facts.append(facts_of(one))
        self._mirrors += [self._ids[image], self._ids[state]] if image != state else [self._ids[state]]
        return self._ids[state]


def counts(after: Trade, before: Trade, what: tuple[Any, ...]) -> bool:
    """Whether a quantity that was told is in what the order is known to have filled, and once."""
    if what[0] not in ("fill", "report", "found"):
        return True
    link_id = link_of(what[1], what[2])
    known, knew = after.intent(link_id), before.intent(link_id)
    if known is None or knew is None:
        return True
    if what[0] != "fill":
        return known.filled_qty == max(knew.filled_qty, what[3])
    is_news = f"{what[2]}/{what[4]}" not in knew.exec_ids
    return known.executed_qty == knew.executed_qty + is_news * what[3]


# Times, and what can't matter


def canonical(state: Trade, pool: Pool) -> Trade:
    """Times of the past become now; finished orders forget what nothing reads; words become one word."""
    kept = sorted(map(settled, state.intents), key=lambda i: (i.leg, i.is_close, i.link_id))
    changes: dict[str, Any] = {
        "opened_ns": NOW_NS,
        "unwind_until_ns": NEVER_NS,
        "intents": tuple(pooled(pool, "", i) for i in kept),
        "pauses": (min(state.pauses[0], 1), min(state.pauses[1], 1)),
        "reason": "left" if state.reason else "",
        "exit_reason": "left" if state.exit_reason else "",
    }
    is_leaving = state.phase == "verifying" or (state.phase == "reducing" and not state.goal_qty)
    if is_leaving:  # it goes on to the end: a wish to leave makes no difference any more
        changes["exit_reason"] = "left"
    if state.phase in ("opening", "settling", "active"):
        changes |= {"give_up_ns": NOW_NS, "retry_at_ns": (NOW_NS, NOW_NS), "check_at_ns": NOW_NS}
    if state.phase == "done":
        changes |= dict.fromkeys(("wake_ns", "deadline_ns", "give_up_ns", "check_at_ns"), NOW_NS)
    changes = times(state, 0) | changes
    for name in PAIRS:
        changes[name] = pooled(pool, name, changes.get(name, getattr(state, name)))
    return replace(state, **changes)


def pooled(pool: Pool, name: str, value: T) -> T:
    """One copy of what is equal; a lot and a count are never one, though 0 is 0."""
    return pool.setdefault((name, value), value)


def settled(intent: Intent) -> Intent:
    if intent.is_final and not intent.was_doubted:
        refusal = "" if intent.is_close and intent.refusal != "flat" else intent.refusal
        return replace(intent, look_at_ns=None, is_looking=False, looks=0, cancel="", refusal=refusal)
    looks = min(intent.looks, SATURATED_LOOKS)
    return replace(
        intent,
        looks=looks,
        look_at_ns=None if intent.look_at_ns is None else max(NOW_NS, intent.look_at_ns),
    )


def shifted(state: Trade, by_ns: int) -> Trade:
    """Move every time of a trade and its orders; what is past is due now."""
    intents = tuple(i if i.look_at_ns is None else replace(i, **times(i, by_ns)) for i in state.intents)
    return replace(state, intents=intents, **times(state, by_ns))


def times(record: Trade | Intent, by_ns: int) -> dict[str, Any]:
    moved: dict[str, Any] = {}
    for name in TIMES[type(record)]:
        value = getattr(record, name)
        if isinstance(value, tuple):
            moved[name] = tuple(max(NOW_NS, at_ns + by_ns) for at_ns in value)
        elif value is not None:
            moved[name] = max(NOW_NS, value + by_ns)
    return moved


TIMES = {
    kind: tuple(name for name in kind.__struct_fields__ if name.endswith("_ns")) for kind in (Trade, Intent)
}

PAIRS = ("filled", "held", "written_off", "rungs", "pauses", "retry_at_ns")

# Mirror images


def mirrored(state: Trade) -> Trade:
    """Long for short, in every pair and every order."""
    changes: dict[str, Any] = {
        name: value[::-1]
        for name, value in asdict(state).items()
        if isinstance(value, tuple) and name != "intents"
    }
    changes["intents"] = tuple(
        replace(i, leg=1 - i.leg, link_id=link_of(1 - i.leg, name_of(i.link_id))) for i in state.intents
    )
    return replace(state, **changes)


def flipped(what: tuple[Any, ...]) -> tuple[Any, ...]:
    """The mirrored event or action: its second word is its leg, if it is of one."""
    if what[0] == "held":
        return ("held", what[2], what[1])
    if what[0] == "finish":
        return (*what[:2], tuple(sorted((FLIPPED[leg], *rest) for leg, *rest in what[2])))
    if len(what) > 1 and isinstance(what[1], int) and what[0] not in ("timer",):
        return (what[0], 1 - what[1], *what[2:])
    return what


def flipped_actions(actions: Iterable[Did]) -> tuple[Did, ...]:
    return tuple(sorted(map(flipped, actions)))


# Words for events and actions

REFUSALS = ("busy", "account", "unreachable", "unknown", "flat", "unsent", "auth_clock", "shut_out")


def link_of(leg: int, name: str) -> str:
    return f"{KEY}-{SIDES[leg]}-{name}"


def name_of(link_id: str) -> str:
    return link_id.rpartition("-")[2]


def event_of(what: tuple[Any, ...]) -> events.Event:
    """Build the event; a look-up's times are the sharpest that its answer's weight allows."""
    match what:
        case ("woke",):
            return events.Woke()
        case ("up",):
            return events.StreamUp()
        case ("down",):
            return events.StreamDown()
        case ("restarted",):
            return events.Restarted()
        case ("exit",):
            return events.ExitRequested("left")
        case ("held", long, short):
            return events.PositionReported(None if long is None else (Decimal(long), Decimal(short)))
        case (kind, leg, name, qty, flag):
            return order_event(kind, link_of(leg, name), qty, flag)
    raise ValueError(what)


def order_event(kind: str, link_id: str, qty: int, flag: int) -> events.Event:
    match kind:
        case "ack":
            return events.Acknowledged(link_id)
        case "reject":
            return events.Rejected(link_id, REFUSALS[flag])
        case "lost":
            return events.AnswerLost(link_id)
        case "fill":
            return events.Filled(link_id, f"{name_of(link_id)}/{flag}", Decimal(qty))
        case "report":
            return report(link_id, qty, flag)
        case "found":
            return events.LookedUp(link_id, report(link_id, qty, flag))
        case "missing":
            asked_ms = RULES.not_found_margin_ms + (0.1 if flag else 0.0)
            return events.LookedUp(link_id, None, asked_ms, 0.0)
        case "failed":
            return events.LookedUp(link_id, None, 1e9, 0.0, failed=True)
        case "cancelled":
            return events.CancelAnswered(link_id, bool(flag))
    raise ValueError(kind)


def report(link_id: str, qty: int, flag: int) -> events.Reported:
    return events.Reported(link_id, Decimal(qty), is_final=flag > 0, is_rejected=flag == 2)


def did(action: events.Action) -> Did:
    """An action in the search's words."""
    match action:
        case events.Send():
            return (
                "send",
                action.leg,
                own_name(action.link_id, action.leg),
                lots(action.qty),
                action.is_close,
                action.pricing,
            )
        case events.Cancel():
            return ("cancel", *own_order(action.link_id))
        case events.LookUp():
            return ("look", *own_order(action.link_id))
        case events.CheckPosition():
            return ("position",)
        case events.Sweep():
            return ("sweep",)
        case events.SetTimer():
            return ("timer", max(0, -(-(action.at_ns - NOW_NS) // TICK_NS)))
        case events.Alarm():
            return ("alarm", action.kind)
        case events.Finish():
            legs = ((leg.leg, lots(leg.qty), lots(leg.in_doubt_qty)) for leg in action.open_legs)
            return ("finish", action.end, tuple(sorted(legs)))
    raise ValueError(action)


def own_order(link_id: str) -> tuple[int, str]:
    leg = SIDES.find(link_id.split("-")[1])
    return leg, own_name(link_id, leg)


def own_name(link_id: str, leg: int) -> str:
    name = name_of(link_id)
    if link_id != link_of(leg, name) or name[0] not in "ex":
        raise Violation(f"{link_id} is not an order of leg {leg}")
    return name


def lots(qty: Decimal) -> int:
    if qty != int(qty):
        raise Violation(f"{qty} is not a number of lots")
    return int(qty)


def all_told(intent: Intent) -> Intent:
    """As if each of its executions had been told, piece by piece."""
    pieces = frozenset(f"{name_of(intent.link_id)}/{piece}" for piece in range(MOST))
    filled = intent.filled_qty
    return replace(intent, reported_qty=filled, executed_qty=filled, exec_ids=pieces)


def facts_of(state: Trade) -> Facts:
    finals = [i for i in state.intents if i.is_final and not i.was_doubted]
    return Facts(
        phase=state.phase,
        known=(lots(state.held_qty(LEGS[0])), lots(state.held_qty(LEGS[1]))),
        finals={(i.leg, name_of(i.link_id)): lots(i.filled_qty) for i in finals},
        overdue=frozenset(
            (i.leg, name_of(i.link_id)) for i in state.intents if i.known == "unknown" or i.looks
        ),
        unsure=frozenset((i.leg, name_of(i.link_id)) for i in finals if i != all_told(i)),
        has_exit=bool(state.exit_reason),
        is_closing=tuple(
            has_open_close(state, leg) or state.rungs[leg] > 0 or state.pauses[leg] > 0 for leg in LEGS
        ),
    )
