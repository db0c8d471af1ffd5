"""One state of the search: the machine, the exchange's truth, and what is on its way between them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Status = Literal["sent", "open", "done", "rejected", "never"]


class Mail(Struct, frozen=True, array_like=True, order=True, gc=False):
    """A request or an answer on its way; what lies in one box arrives in any order."""

    kind: str
    name: str = ""  # the order's, within its leg: e0, x1
    qty: int = 0
    flag: int = 0  # by kind
    late: int | None = None  # ticks that may pass before it arrives; None: prompt


class Order(Struct, frozen=True, array_like=True):
    """An order as the exchange knows it, or will."""

    name: str
    qty: int
    status: Status = "sent"
    pieces: tuple[int, ...] = ()  # its fills
    valid_in: int = 0  # ticks until its request is refused; below -margin "not found" is believed
    is_slow: bool = False  # a close that the exchange takes its time to match, until its request is old

    @property
    def filled(self) -> int:
        return sum(self.pieces)

    @property
    def is_close(self) -> bool:
        return self.name[0] == "x"

    @property
    def may_come(self) -> bool:
        return self.status == "open" or (self.status == "sent" and self.valid_in >= 0)


class Leg(Struct, frozen=True, array_like=True):
    """One side of the trade, on the exchange and on the wire."""

    orders: tuple[Order, ...] = ()
    mail: tuple[Mail, ...] = ()
    held: int = 0  # the exchange's position
    taken: int = 0  # of it, what somebody else closed
    bare: int = 0  # ticks for which a known, unhedged fill has had no close


class World(Struct, frozen=True, array_like=True):
    """A state of the search; every time in it is relative."""

    machine: int  # the interned state of the production machine
    legs: tuple[Leg, Leg]
    mail: tuple[Mail, ...] = ()  # of no leg
    end: str = ""
    timer: int | None = None  # ticks until it rings; 0: due; below: the loop stalls
    is_timer_slow: bool = False
    faults: int = 0  # left to spend
    has_faulted: bool = False
    crashes: int = 0
    is_thin: bool = False  # entries may fill in part or not at all without a fault
    may_exit: bool = True
    stream: Literal["up", "down"] = "up"
    lag: int = 0  # ticks for which positions may still be shown as they were,
    shown: tuple[int, int] = (0, 0)  # and how they were
    may_lag: bool = False  # positions may be shown late, as one fault
    may_amend: bool = False  # an entry may be amended to more, as one fault
    may_die: bool = False  # the exchange may fall silent for any time, as one fault
    is_dead: bool = False  # the exchange answers nothing
    was_dead: bool = False
    is_shut_out: bool = False  # a close was refused, and so will be whatever follows
    is_down: bool = False  # our process crashed and was not started again yet
    age: int = 0  # ticks since the beginning, as far as it matters
    exposed: int = 0  # ticks for which the known legs differ
