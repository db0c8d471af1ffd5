"""The promises, checked against the exchange's own truth in every state and at every end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bounds import HEDGE_TICKS, SECOND, TARGET
from .machine import Facts, Machine, Violation
from .world import World

if TYPE_CHECKING:
    from .draft import Draft

LEG_NAMES = ("long", "short")


def send(draft: Draft, machine: Machine, leg: int, name: str, qty: int, is_close: bool) -> None:
    """No order twice for one intent; an exit is reduce-only, and never for more than is held."""
    state = machine.state(draft.world.machine)
    if qty < 1:
        raise Violation(f"{name} of leg {leg} is for {qty}")
    if is_close != (name[0] == "x") or is_close == (state.phase == "opening"):
        raise Violation(f"{name} of leg {leg} is {'' if is_close else 'not '}reduce-only in {state.phase}")
    for order in draft.orders[leg]:
        if order.name == name and order.status not in ("never", "sent"):
            raise Violation(f"{name} of leg {leg} is sent again, the exchange has it ({order.status})")
        if order.is_close == is_close and order.may_come:
            raise Violation(f"{name} of leg {leg} is sent while {order.name} is {order.status}")
    if is_close and qty > draft.held[leg] + draft.taken[leg]:
        raise Violation(f"{name} closes {qty} of leg {leg}, which holds {draft.held[leg]}")
    if not is_close:
        entered = sum(order.filled for order in draft.orders[leg] if not order.is_close)
        if entered + qty > TARGET:
            raise Violation(f"{name} enters {qty} on top of {entered} of leg {leg}")


def end(draft: Draft, machine: Machine, end: str, open_legs: tuple[tuple[str, int, int], ...]) -> None:
    """What is said at the end is true, as the exchange counts it."""
    entered = [sum(o.filled for o in orders if not o.is_close) for orders in draft.orders]
    named = {leg: held + in_doubt for leg, held, in_doubt in open_legs}
    for leg in (0, 1):
        to_come = sum(
            order.qty - order.filled for order in draft.orders[leg] if not order.is_close and order.may_come
        )
        if end != "UNRESOLVED":
            if draft.held[leg] or any(order.may_come for order in draft.orders[leg]):
                raise Violation(f"{end} with leg {leg} open: {draft.held[leg]} held")
        elif draft.held[leg] + to_come > named.get(LEG_NAMES[leg], 0):
            raise Violation(f"UNRESOLVED, and leg {leg} is not named: {open_legs}")
    if end == "UNRESOLVED" and not (draft.world.was_dead or draft.world.is_shut_out):
        raise Violation("UNRESOLVED, though the exchange answers")
    if end == "UNRESOLVED" and not draft.world.was_dead:
        are_heard(draft, machine)
    if end in ("REFUSED", "FLAT") and any(entered):
        raise Violation(f"{end} after fills of {entered}")
    if end == "CLOSED" and not all(entered):
        raise Violation(f"{end} with fills of {entered}")


def are_heard(draft: Draft, machine: Machine) -> None:
    """Who is shut out listens first to what is on its way of the closes that are not overdue."""
    finals = machine.facts(draft.world.machine).finals
    overdue = machine.facts(draft.world.machine).overdue
    for leg in (0, 1):
        for mail in draft.mail[leg]:
            is_prompt = mail.late is None and mail.kind in ("fill", "report") and mail.name[0] == "x"
            is_news = mail.qty > finals.get((leg, mail.name), 0) and (leg, mail.name) not in overdue
            if is_prompt and is_news:
                raise Violation(f"UNRESOLVED while {mail} of leg {leg} is on its way")


def what_comes_after(draft: Draft, machine: Machine) -> None:
    """A fill that the end did not count is not silent."""
    number = draft.world.machine
    known = machine.facts(number).known
    for leg in (0, 1):
        for mail in draft.mail[leg]:
            if mail.kind not in ("fill", "report"):
                continue
            after, actions = machine.tell(number, (mail.kind, leg, mail.name, mail.qty, mail.flag))
            if machine.facts(after).known != known and not actions:
                raise Violation(f"{mail} came after the end, and nobody was told")


def one_more_tick(draft: Draft, facts: Facts) -> None:
    """A known fill without a hedge is closed in time."""
    world, known = draft.world, facts.known
    if known[0] == known[1]:
        draft.set(exposed=0)
        draft.bare = [0, 0]
        return
    heavy = int(known[1] > known[0])
    draft.bare[1 - heavy] = 0
    if world.is_timer_slow:  # nobody was there to do anything
        return
    draft.bare[heavy] = 0 if facts.is_closing[heavy] else draft.bare[heavy] + 1
    if draft.bare[heavy] > HEDGE_TICKS:
        raise Violation(f"leg {heavy} is alone for {draft.bare[heavy]} ticks, and no close was sent")
    if not world.has_faulted:
        draft.set(exposed=world.exposed + 1)
    if draft.world.exposed > HEDGE_TICKS - 1 + SECOND:
        raise Violation(f"leg {heavy} is alone for {draft.world.exposed} ticks, and nothing went wrong")


def has_something_to_wait_for(world: World) -> None:
    if not any((world.mail, *(leg.mail for leg in world.legs))):
        raise Violation("the trade has no end and waits for nothing")
