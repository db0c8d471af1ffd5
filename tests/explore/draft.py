"""A world in the making: one move changes it, the machine is told, and what it asks for goes on its way."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from . import judge
from .bounds import LATEST, MARGIN, WINDOW
from .machine import Did, Machine
from .world import Leg, Mail, Order, World

REQUESTS = ("place", "cancel", "look", "position", "sweep")
FRAMES = ("fill", "report")
SETTLED = -(MARGIN + 1)  # ticks: what was asked this long after the window is believed


class Draft:
    """A copy of a world that may be changed."""

    __slots__ = ("bare", "held", "mail", "orders", "taken", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self.orders = [leg.orders for leg in world.legs]
        self.mail: list[tuple[Mail, ...]] = [world.legs[0].mail, world.legs[1].mail, world.mail]
        self.held = [leg.held for leg in world.legs]
        self.taken = [leg.taken for leg in world.legs]
        self.bare = [leg.bare for leg in world.legs]

    def set(self, **changes: Any) -> None:
        self.world = replace(self.world, **changes)

    def spend(self) -> Draft:
        self.world = replace(self.world, faults=self.world.faults - 1, has_faulted=True, exposed=0)
        return self

    def done(self, machine: Machine) -> World:
        """The world that came of it, without what can't matter any more."""
        if machine.facts(self.world.machine).phase == "done":
            return self.ended(machine)
        for leg in (0, 1):
            self.forget(machine, leg)
        has_exit = machine.facts(self.world.machine).has_exit
        return replace(
            self.world,
            may_exit=self.world.may_exit and not has_exit,
            legs=(self.leg(0), self.leg(1)),
            mail=in_order(self.mail[2]),
        )

    def leg(self, leg: int) -> Leg:
        mail = in_order(self.mail[leg])
        return Leg(self.orders[leg], mail, self.held[leg], self.taken[leg], self.bare[leg])

    def forget(self, machine: Machine, leg: int) -> None:
        if self.world.is_down:
            return
        for order in self.orders[leg]:
            finals = machine.facts(self.world.machine).finals
            if finals.get((leg, order.name)) == order.filled and not order.may_come:
                self.put(leg, self.forgotten(machine, leg, order))

    def forgotten(self, machine: Machine, leg: int, order: Order) -> Order:
        """Of an order that is known to be over, with all that it filled, nothing is news any more."""
        if (leg, order.name) in machine.facts(self.world.machine).unsure:
            self.set(machine=machine.told_all(self.world.machine, leg, order.name))
        if any(mail.name == order.name for mail in self.mail[leg]):
            self.drop_old_news(machine, leg, order)
        if order.status == "done" and order.valid_in == SETTLED and len(order.pieces) <= 1:
            return order
        pieces = (order.filled,) if order.filled else ()
        return replace(order, status="done", pieces=pieces, valid_in=SETTLED)

    def drop_old_news(self, machine: Machine, leg: int, order: Order) -> None:
        number = self.world.machine
        self.mail[leg] = tuple(
            mail
            for mail in self.mail[leg]
            if mail.name != order.name
            or mail.kind in REQUESTS
            or not machine.is_deaf(number, (mail.kind, leg, mail.name, mail.qty, mail.flag))
        )

    def ended(self, machine: Machine) -> World:
        """After the end nothing is asked for: what still comes in is only looked at, one by one."""
        judge.what_comes_after(self, machine)
        return World(self.world.machine, (Leg(), Leg()), end=self.world.end, faults=self.world.faults)

    # Mail

    def post(
        self, box: int, kind: str, name: str = "", qty: int = 0, flag: int = 0, late: int | None = None
    ) -> None:
        self.mail[box] = (*self.mail[box], Mail(kind, name, qty, flag, late))

    def take(self, box: int, mail: Mail) -> None:
        """One copy of it is no longer on its way."""
        at = self.mail[box].index(mail)
        self.mail[box] = self.mail[box][:at] + self.mail[box][at + 1 :]

    def delay(self, box: int, mail: Mail) -> None:
        self.take(box, mail)
        self.mail[box] = (*self.mail[box], replace(mail, late=LATEST))

    def frame(self, leg: int, kind: str, name: str, qty: int, flag: int) -> None:
        """A private frame: it goes out only while the stream is up."""
        if self.world.stream == "up" and not self.world.is_down:
            self.post(leg, kind, name, qty, flag)

    # Orders of the exchange

    def find(self, leg: int, name: str) -> Order | None:
        for order in self.orders[leg]:
            if order.name == name:
                return order
        return None

    def get(self, leg: int, name: str) -> Order:
        order = self.find(leg, name)
        assert order is not None
        return order

    def put(self, leg: int, order: Order) -> None:
        self.orders[leg] = tuple(order if one.name == order.name else one for one in self.orders[leg])

    def add(self, leg: int, order: Order) -> None:
        others = (one for one in self.orders[leg] if one.name != order.name)
        self.orders[leg] = tuple(sorted((*others, order), key=lambda one: one.name))

    def fill(self, leg: int, order: Order, qty: int) -> None:
        """Execute a piece; what came of it goes out in two frames."""
        order = replace(order, pieces=(*order.pieces, qty), is_slow=False)
        is_final = order.filled >= order.qty
        order = replace(order, status="done") if is_final else order
        self.held[leg] += -qty if order.is_close else qty
        self.put(leg, order)
        self.frame(leg, "fill", order.name, qty, len(order.pieces) - 1)
        self.frame(leg, "report", order.name, order.filled, int(is_final))

    def cancel(self, leg: int, order: Order) -> None:
        self.put(leg, replace(order, status="done", is_slow=False))
        self.frame(leg, "report", order.name, order.filled, 1)

    # The machine

    def tell(self, machine: Machine, *what: Any) -> Draft:
        number, actions = machine.tell(self.world.machine, what)
        self.set(machine=number)
        self.perform(machine, actions)
        return self

    def perform(self, machine: Machine, actions: tuple[Did, ...]) -> None:
        for act in actions:
            match act:
                case ("send", leg, name, qty, is_close, _):
                    judge.send(self, machine, leg, name, qty, is_close)
                    self.add(leg, Order(name, qty, valid_in=WINDOW))
                    self.post(leg, "place", name)
                case ("cancel", leg, name):
                    self.post(leg, "cancel", name)
                case ("look", leg, name):
                    order = self.find(leg, name)
                    is_settled = order is None or order.valid_in <= SETTLED
                    self.post(leg, "look", name, flag=int(is_settled))
                case ("position",) | ("sweep",):
                    self.post(2, act[0])
                case ("timer", ticks):
                    self.set(timer=ticks, is_timer_slow=False)
        for act in actions:
            if act[0] == "finish":
                judge.end(self, machine, act[1], act[2])
                self.set(end=act[1])


def in_order(mail: tuple[Mail, ...]) -> tuple[Mail, ...]:
    """What is late in any order; then what the wire keeps in its order, channel by channel."""
    if len(mail) < 2:
        return mail
    late = sorted(one for one in mail if one.late is not None)
    on_time = sorted((one for one in mail if one.late is None), key=channel)
    return (*late, *on_time)


def channel(mail: Mail) -> int:
    """Requests, answers and frames each have a wire of their own."""
    return 0 if mail.kind in REQUESTS else 2 if mail.kind in FRAMES else 1
