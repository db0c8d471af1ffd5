"""Everything that may happen next: what the exchange, the network, the clock and a person may do.

A move that is no fault is free; a fault is paid from the world's budget. Requests arrive at once; the answers
of a leg keep their order, and so do its private frames, but neither waits for the other or for the other
leg. To be late is a fault, and what is late is overtaken by anything; so are lost, doubled, refused, not
filled. Time passes only while nothing prompt is on its way.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from msgspec.structs import replace

from . import judge
from .bounds import FAR, HEDGE_TICKS, LAG, LATEST, MOST, WINDOW
from .draft import FRAMES, REQUESTS, SETTLED, Draft, channel
from .machine import REFUSALS, Machine
from .world import Mail, Order, World

Move = tuple[str, World]
BUSY, ACCOUNT, UNREACHABLE, UNKNOWN, FLAT, UNSENT, AUTH_CLOCK, SHUT_OUT = range(8)
TWICE = ("ack", "fill", "report")


def moves(world: World, machine: Machine) -> Iterator[Move]:
    """Every next world, with what leads to it."""
    for label, draft in drafts(world, machine):
        yield label, draft.done(machine)


def drafts(world: World, machine: Machine) -> Iterator[tuple[str, Draft]]:
    if world.is_down:
        yield from restart(world, machine)
        return
    at_once = list(prompt(world, machine))
    if at_once:
        yield from at_once
        yield from meddle(world)
        if world.crashes:
            yield "the process is killed", killed(world)
        return
    for box in (0, 1, 2):
        for mail in arriving(world.legs[box].mail if box < 2 else world.mail):
            yield from arrive(world, machine, box, mail)
    for leg in (0, 1):
        for order in world.legs[leg].orders:
            if order.status == "open":
                yield from match(world, leg, order)
    yield from pass_time(world, machine)
    yield from intervene(world, machine)


def prompt(world: World, machine: Machine) -> Iterator[tuple[str, Draft]]:
    """What does not wait for anything: a request on its way, a close in the book. One at a time.

    Requests of different orders commute, so one order of them stands for all; a request that is overtaken
    by something else is late, and that is a fault.
    """
    for box in (0, 1, 2):
        for mail in world.legs[box].mail if box < 2 else world.mail:
            if mail.kind in REQUESTS and mail.late is None:
                yield from arrive(world, machine, box, mail)
                return
    for leg in (0, 1):
        for order in world.legs[leg].orders:
            if order.is_close and order.status == "open" and not order.is_slow:
                yield from match(world, leg, order)
                return


def arriving(mail: tuple[Mail, ...]) -> Iterator[Mail]:
    """What may come next: anything late, and the first of each wire."""
    before: object = None
    for one in mail:
        wire = channel(one) if one.late is None else one
        if wire != before:
            yield one
        before = wire


# Mail arrives


def arrive(world: World, machine: Machine, box: int, mail: Mail) -> Iterator[tuple[str, Draft]]:
    if mail.late is None and world.faults:
        draft = Draft(world).spend()
        draft.delay(box, mail)
        yield f"{mail.kind} {mail.name} of {box} is late", draft
    if mail.kind in REQUESTS:
        for what, draft in REACH[mail.kind](world, box, mail):
            draft.take(box, mail)
            yield f"{mail.kind} {mail.name} of {box}: {what}", draft
        return
    draft = Draft(world)
    draft.take(box, mail)
    if mail.kind == "held":
        sizes = (None, None) if mail.qty < 0 else (mail.qty, mail.flag)
        yield f"told held {sizes}", draft.tell(machine, "held", *sizes)
        return
    yield f"told {mail}", draft.tell(machine, mail.kind, box, mail.name, mail.qty, mail.flag)
    if not world.faults:
        return
    if mail.kind in TWICE:
        draft = Draft(world).spend()
        draft.take(box, mail)
        draft.mail[box] = (*draft.mail[box], replace(mail, late=LATEST))
        yield f"told {mail}, twice", draft.tell(machine, mail.kind, box, mail.name, mail.qty, mail.flag)
    if mail.kind in FRAMES:
        draft = Draft(world).spend()
        draft.take(box, mail)
        yield f"lost {mail}", draft


def on_place(world: World, leg: int, mail: Mail) -> Iterator[tuple[str, Draft]]:
    order = Draft(world).find(leg, mail.name)
    assert order is not None
    if world.is_dead:
        yield "no answer", refuse(world, leg, order, "lost")
        return
    if world.is_shut_out:
        yield "shut out", refuse(world, leg, order, "reject", SHUT_OUT)
        return
    if order.is_close and world.legs[leg].held == 0:
        yield "nothing to close", refuse(world, leg, order, "reject", FLAT)
        return
    yield "accepted", accept(world, leg, order, "ack")
    if not order.is_close and (world.faults or world.is_thin):
        for piece in range(order.qty):
            draft = accept(world, leg, order, "ack")
            kill(draft, leg, order.name, piece)
            if not world.is_thin:
                draft.spend()
            yield f"accepted, {piece} fill and the rest is cancelled", draft
    if not world.faults:
        return
    yield "lost", refuse(world, leg, order, "lost").spend()
    yield "accepted, the answer is lost", accept(world, leg, order, "lost").spend()
    yield "accepted, an unknown code", accept(world, leg, order, "reject", UNKNOWN).spend()
    for why in (BUSY, ACCOUNT, UNREACHABLE, UNKNOWN):
        yield f"refused: {REFUSALS[why]}", refuse(world, leg, order, "reject", why).spend()
    if world.may_die and order.is_close:
        draft = refuse(world, leg, order, "reject", SHUT_OUT).spend()
        draft.set(is_shut_out=True)
        yield "shut out", draft
    draft = Draft(world).spend()
    draft.put(leg, replace(order, status="rejected"))
    draft.post(leg, "ack", order.name)
    draft.frame(leg, "report", order.name, 0, 2)
    yield "rejected after the answer", draft


def kill(draft: Draft, leg: int, name: str, piece: int) -> None:
    """Fill a piece of an order, and cancel what remains."""
    if piece:
        draft.fill(leg, draft.get(leg, name), piece)
    order = draft.get(leg, name)
    if order.status == "open":
        draft.cancel(leg, order)


def accept(world: World, leg: int, order: Order, answer: str, flag: int = 0) -> Draft:
    draft = Draft(world)
    draft.put(leg, replace(order, status="open"))
    draft.post(leg, answer, order.name, flag=flag, late=LATEST if answer == "lost" else None)
    return draft


def refuse(world: World, leg: int, order: Order, answer: str, flag: int = 0) -> Draft:
    draft = Draft(world)
    draft.put(leg, replace(order, status="never"))
    draft.post(leg, answer, order.name, flag=flag, late=LATEST if answer == "lost" else None)
    return draft


def on_cancel(world: World, leg: int, mail: Mail) -> Iterator[tuple[str, Draft]]:
    draft = Draft(world)
    order = draft.find(leg, mail.name)
    is_open = order is not None and order.status == "open" and not world.is_dead
    if is_open:
        assert order is not None
        draft.cancel(leg, order)
    draft.post(leg, "cancelled", mail.name, flag=int(is_open))
    yield "done" if is_open else "nothing to cancel", draft
    if world.faults and is_open:
        assert order is not None
        draft = Draft(world).spend()
        draft.post(leg, "cancelled", mail.name, late=LATEST)
        yield "lost", draft
        draft = Draft(world).spend()
        draft.cancel(leg, order)
        draft.post(leg, "cancelled", mail.name, late=LATEST)
        yield "done, the answer is lost", draft


def on_look(world: World, leg: int, mail: Mail) -> Iterator[tuple[str, Draft]]:
    draft = Draft(world)
    if world.is_dead:
        draft.post(leg, "failed", mail.name)
        yield "no answer", draft
        return
    order = draft.find(leg, mail.name)
    exists = order is not None and order.status in ("open", "done", "rejected")
    if exists:
        assert order is not None
        is_final = order.status != "open"
        flag = 2 if order.status == "rejected" else int(is_final)
        draft.post(leg, "found", mail.name, order.filled, flag)
    else:
        draft.post(leg, "missing", mail.name, flag=mail.flag)
    yield "found" if exists else "not found", draft
    if world.faults:
        draft = Draft(world).spend()
        draft.post(leg, "failed", mail.name)
        yield "no answer", draft
        if exists and not mail.flag:
            draft = Draft(world).spend()
            draft.post(leg, "missing", mail.name)
            yield "not visible yet", draft


def on_position(world: World, box: int, mail: Mail) -> Iterator[tuple[str, Draft]]:
    if not world.is_dead:
        draft = Draft(world)
        draft.set(lag=0, shown=(0, 0))
        draft.post(2, "held", "", *draft.held)
        yield "answered", draft
        if world.lag and list(world.shown) != draft.held:
            draft = Draft(world)
            draft.post(2, "held", "", *world.shown)
            yield "answered, as it was", draft
    if world.is_dead or world.faults:
        draft = Draft(world) if world.is_dead else Draft(world).spend()
        draft.post(2, "held", "", -1)
        yield "no answer", draft


def on_sweep(world: World, box: int, mail: Mail) -> Iterator[tuple[str, Draft]]:
    if not world.is_dead:
        draft = Draft(world)
        for leg in (0, 1):
            for order in draft.orders[leg]:
                if order.status == "open":
                    draft.cancel(leg, order)
        draft.post(2, "position")
        yield "done", draft
    if world.is_dead or world.faults:
        draft = Draft(world) if world.is_dead else Draft(world).spend()
        draft.post(2, "held", "", -1)
        yield "no answer", draft


REACH = {
    "place": on_place,
    "cancel": on_cancel,
    "look": on_look,
    "position": on_position,
    "sweep": on_sweep,
}


# Orders meet the book


def match(world: World, leg: int, order: Order) -> Iterator[tuple[str, Draft]]:
    """An entry rests as long as it likes; a close fills at once with what is there to close."""
    if not order.is_close:
        yield from match_entry(world, leg, order)
        return
    chance = min(order.qty - order.filled, world.legs[leg].held)
    draft = Draft(world)
    kill(draft, leg, order.name, chance)
    yield f"{order.name} of {leg} fills {chance}", draft
    if not world.faults:
        return
    for piece in range(chance):
        draft = Draft(world).spend()
        kill(draft, leg, order.name, piece)
        yield f"{order.name} of {leg} fills {piece}, nobody wants more", draft
    if not order.is_slow:
        draft = Draft(world).spend()
        draft.put(leg, replace(order, is_slow=True))
        yield f"{order.name} of {leg} is matched late", draft


def match_entry(world: World, leg: int, order: Order) -> Iterator[tuple[str, Draft]]:
    rest = order.qty - order.filled
    for piece in sorted({1, rest}):
        if piece < rest and not (world.is_thin or world.faults):
            continue
        draft = Draft(world)
        if piece < rest and not world.is_thin:
            draft.spend()
        draft.fill(leg, order, piece)
        yield f"{order.name} of {leg} fills {piece}", draft
    if world.faults:
        draft = Draft(world).spend()
        draft.cancel(leg, order)
        yield f"{order.name} of {leg} is cancelled by somebody", draft
        if order.filled:
            draft = Draft(world).spend()
            draft.put(leg, replace(order, qty=order.filled, status="done"))
            draft.frame(leg, "report", order.name, order.filled, 1)
            yield f"{order.name} of {leg} is amended to what it filled", draft
        if world.may_amend and order.qty < MOST:
            draft = Draft(world).spend()
            draft.put(leg, replace(order, qty=order.qty + 1))
            yield f"{order.name} of {leg} is amended to {order.qty + 1}", draft


# Time


def pass_time(world: World, machine: Machine) -> Iterator[tuple[str, Draft]]:
    is_due = world.timer is not None and world.timer <= 0
    if is_due:
        yield "woke", woken(world, machine)
        if world.faults and not world.is_timer_slow:
            draft = Draft(world).spend()
            draft.set(is_timer_slow=True)
            yield "the loop stalls", draft
    if must_come_first(world) or is_answer_overdue(world):
        return
    if world.timer is None:
        judge.has_something_to_wait_for(world)
    elif not is_due or (world.is_timer_slow and world.timer > -LATEST):
        yield "a tick", tick(world, machine)


def woken(world: World, machine: Machine) -> Draft:
    draft = Draft(world)
    draft.set(timer=None, is_timer_slow=False)
    return draft.tell(machine, "woke")


def must_come_first(world: World) -> bool:
    """Whether something is on its way that does not let time pass, or not any longer."""
    if any(not mail.late for mail in chain(world.legs[0].mail, world.legs[1].mail, world.mail)):
        return True
    return any(
        order.is_close and order.status == "open" and not (order.is_slow and order.valid_in > SETTLED + 1)
        for leg in world.legs
        for order in leg.orders
    )


def is_answer_overdue(world: World) -> bool:
    """An order is answered, or its answer given up, before "not found" would be believed of it."""
    return any(
        mail.kind in ("ack", "reject", "lost")
        and any(one.name == mail.name and one.valid_in == SETTLED + 1 for one in leg.orders)
        for leg in world.legs
        for mail in leg.mail
    )


def tick(world: World, machine: Machine) -> Draft:
    draft = Draft(world)
    judge.one_more_tick(draft, machine.facts(world.machine))
    assert world.timer is not None
    draft.set(
        machine=machine.later(world.machine, 1),
        timer=world.timer - 1,
        age=min(world.age + 1, HEDGE_TICKS),
        lag=max(0, world.lag - 1),
        shown=world.shown if world.lag > 1 else (0, 0),
    )
    draft.mail = [tuple(sooner(one) for one in box) for box in draft.mail]
    for leg in (0, 1):
        for order in draft.orders[leg]:
            if order.valid_in > SETTLED:
                draft.put(leg, replace(order, valid_in=order.valid_in - 1))
            if order.valid_in == 0 and order.status == "sent":
                expire(draft, leg, order.name)
    return draft


def sooner(mail: Mail) -> Mail:
    return mail if mail.late is None else replace(mail, late=mail.late - 1)


def expire(draft: Draft, leg: int, name: str) -> None:
    """A request that is older than its window is refused whenever it arrives."""
    draft.mail[leg] = tuple(one for one in draft.mail[leg] if (one.kind, one.name) != ("place", name))
    draft.put(leg, replace(draft.get(leg, name), status="never"))
    draft.post(leg, "reject", name, flag=AUTH_CLOCK, late=LATEST)


# What comes from outside


def intervene(world: World, machine: Machine) -> Iterator[tuple[str, Draft]]:
    if world.may_exit and not machine.facts(world.machine).has_exit:
        draft = Draft(world)
        draft.set(may_exit=False)
        yield "a person wants out", draft.tell(machine, "exit")
    if world.stream == "down":
        draft = Draft(world)
        draft.set(stream="up")
        yield "the stream is back", draft.tell(machine, "up")
    if world.crashes:
        yield "the process is killed", killed(world)
    if world.faults and world.stream == "up":
        yield "the stream breaks", cut(world).spend().tell(machine, "down")
    yield from fall_behind(world)


def cut(world: World) -> Draft:
    """Frames that are on their way are lost with the connection."""
    draft = Draft(world)
    for leg in (0, 1):
        draft.mail[leg] = tuple(mail for mail in draft.mail[leg] if mail.kind not in FRAMES)
    draft.set(stream="down")
    return draft


def meddle(world: World) -> Iterator[tuple[str, Draft]]:
    """What makes a difference only to a request that is about to be answered, or a close to be matched."""
    if world.is_dead:
        draft = Draft(world)
        draft.set(is_dead=False)
        yield "the exchange is back", draft
    if not world.faults:
        return
    yield from fall_behind(world)
    if world.may_die and not world.is_dead:
        draft = Draft(world).spend()
        draft.set(is_dead=True, was_dead=True, may_die=False)
        yield "the exchange answers nothing any more", draft
    for leg in (0, 1):
        if world.legs[leg].held and (world.mail or has_close(world, leg)):
            draft = Draft(world).spend()
            draft.taken[leg] += draft.held[leg]
            draft.held[leg] = 0
            yield f"somebody closes leg {leg}", draft


def fall_behind(world: World) -> Iterator[tuple[str, Draft]]:
    """From here on positions may be shown as they are now, for a while."""
    if world.may_lag and world.faults and any(order.may_come for leg in world.legs for order in leg.orders):
        draft = Draft(world).spend()
        draft.set(may_lag=False, lag=LAG, shown=(draft.held[0], draft.held[1]))
        yield "positions are shown late", draft


def has_close(world: World, leg: int) -> bool:
    return any(order.is_close and order.may_come for order in world.legs[leg].orders)


# Crash and restart


def killed(world: World) -> Draft:
    """Only requests that may have left are still on their way."""
    draft = Draft(world)
    for leg in (0, 1):
        draft.mail[leg] = tuple(
            replace(mail, late=LATEST) for mail in draft.mail[leg] if mail.kind == "place"
        )
    draft.mail[2] = ()
    draft.set(
        crashes=world.crashes - 1,
        is_down=True,
        timer=None,
        is_timer_slow=False,
        may_exit=False,
        is_dead=False,
        lag=0,
        shown=(0, 0),
        stream="up",
    )
    return draft


def restart(world: World, machine: Machine) -> Iterator[tuple[str, Draft]]:
    """While it is down orders arrive or don't, fill, and are cancelled; then the trade is taken over."""
    is_quiet = True
    for leg in (0, 1):
        for mail in world.legs[leg].mail:
            is_quiet = False
            for is_kept in (True, False):
                draft = Draft(world)
                order = draft.find(leg, mail.name)
                assert order is not None
                has_work = not order.is_close or world.legs[leg].held > 0
                if is_kept and not has_work:
                    continue
                draft.take(leg, mail)
                draft.put(leg, replace(order, status="open" if is_kept else "never"))
                yield f"place {mail.name} of {leg} {'came' if is_kept else 'never came'}", draft
        for order in world.legs[leg].orders:
            if order.status == "open":
                is_quiet = is_quiet and not order.is_close
                yield from match(replace(world, faults=0), leg, order)
                draft = Draft(world)
                draft.cancel(leg, order)
                yield f"{order.name} of {leg} is cancelled", draft
    if is_quiet:
        yield "taken over", taken_over(world, machine, FAR)
        yield "taken over by a machine that was started anew", taken_over(world, machine, -FAR)


def taken_over(world: World, machine: Machine, ticks: int) -> Draft:
    """As `execution/recovery.py` does: the journal's state, then what the exchange says was filled."""
    draft = Draft(world)
    draft.set(is_down=False, machine=machine.later(world.machine, ticks), age=0, exposed=0, has_faulted=True)
    for leg in (0, 1):
        draft.orders[leg] = tuple(replace(one, valid_in=WINDOW) for one in draft.orders[leg])
    fills = [
        (leg, order.name, qty, piece)
        for leg in (0, 1)
        for order in draft.orders[leg]
        for piece, qty in enumerate(order.pieces)
    ]
    draft.bare = [0, 0]
    draft.tell(machine, "restarted")
    for leg, name, qty, piece in fills:
        draft.tell(machine, "fill", leg, name, qty, piece)
    return draft
