"""Which faults are armed, which one strikes, and what was injected: seeded, so that it repeats."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.exchange.faults.effects import CallEffect, FrameEffect
from synthcore.exchange.faults.fault import (
    CallFault,
    Fault,
    FrameFault,
    HandshakeFault,
    OrderFault,
    World,
    WorldFault,
)
from synthcore.exchange.faults.tcp import TcpFault
from synthcore.exchange.faults.trigger import POINTS, Happening, Point, Trigger
from synthcore.exchange.orders import NORMAL, Fate, Order

KEPT_INJECTIONS = 10_000
KEPT_HAPPENINGS = 1000
KEPT_POINTS = frozenset(POINTS) - {"public"}

Kind = TypeVar("Kind", bound=Fault)


class Injection(Struct, frozen=True, omit_defaults=True):
    """One fault that struck: which, when, and at what."""

    number: int
    time_ms: int
    fault: str  # its name
    do: str
    at: Happening


class Seen(Struct, frozen=True):
    """One thing that happened, and when."""

    time_ms: int
    at: Happening


class Armed:
    """A fault and its trigger."""

    def __init__(self, name: str, fault: Fault, trigger: Trigger, added_s: float) -> None:
        self.name = name
        self.fault = fault
        self.trigger = trigger
        self.added_s = added_s

    def facts(self) -> dict[str, Any]:
        trigger = self.trigger
        return {
            "name": self.name,
            "do": self.fault.do,
            "when": msgspec.to_builtins(trigger.when),
            "matched": trigger.matched,
            "struck": trigger.struck,
            "is_spent": trigger.is_spent,
        }


class FaultEngine:
    """Is told what happens, and says what goes wrong.

    Parameters
    ----------
    seed
        Of the probabilities; each fault has a source of its own, by its place in the order of adding.
    now_ms
        The exchange's clock, for the record.
    keeps_happenings
        Whether it remembers what happens, though nothing be armed; public frames it never does.
    """

    def __init__(
        self,
        seed: int,
        world: World,
        now_ms: Callable[[], int],
        now_s: Callable[[], float] = time.monotonic,
        *,
        keeps_happenings: bool = False,
    ) -> None:
        self.injected: deque[Injection] = deque(maxlen=KEPT_INJECTIONS)
        self.happened: deque[Seen] = deque(maxlen=KEPT_HAPPENINGS)
        self._keeps = keeps_happenings
        self._seed = seed
        self._world = world
        self._now_ms = now_ms
        self._now_s = now_s
        self._began_s = now_s()
        self._armed: list[Armed] = []
        self._watch()
        self._added = 0
        self._count = 0

    # The plan

    @property
    def is_armed(self) -> bool:
        """Whether anything could still go wrong on purpose."""
        return bool(self._armed)

    def add(self, faults: Iterable[Fault]) -> list[str]:
        """Arm faults, all or none; returns their names.

        Raises
        ------
        ConfigError
            One of them is of the wire, and the exchange has no front in which it could strike.
        """
        faults = list(faults)
        wired = next((fault.do for fault in faults if isinstance(fault, TcpFault)), None)
        if wired is not None and not self._world.has_front:
            raise ConfigError(
                f"{wired} needs an exchange that listens behind a TCP front, which this one doesn't;"
                " start it with --tcp-faults (setting tcp_faults) or with a plan that has such a fault"
            )
        new = [self._arm(fault) for fault in faults]
        self._armed += new
        self._watch()
        for armed in new:
            self._strike([armed], Happening(point="start"), None)
            if armed.trigger.when.point == "time":
                self._wait_for(armed)
        self._watch()
        return [armed.name for armed in new]

    def remove(self, name: str) -> None:
        """Disarm the faults of a name."""
        self._armed = [armed for armed in self._armed if armed.name != name]
        self._watch()

    def clear(self) -> None:
        """Disarm everything and undo what lasts; the record stays, and what was cut stays cut."""
        self._armed = []
        self._watch()
        self._world.set_right()

    def facts(self) -> dict[str, Any]:
        """The plan with its counts, and the record."""
        return {
            "faults": [armed.facts() for armed in self._armed],
            "injected": [msgspec.to_builtins(one) for one in self.injected],
        }

    # What happens

    def watches(self, *points: Point) -> bool:
        """Whether anything armed has to be told of one of these points."""
        return bool(self._watched) and not self._watched.isdisjoint(points)

    @property
    def needs_seq(self) -> bool:
        """Whether anything armed looks at the sequence of public frames."""
        return self._needs_seq

    def call(self, happening: Happening) -> list[CallEffect]:
        """What a call suffers at this point."""
        return [fault.effect() for fault in self._of(CallFault, happening)]

    def reply(self, happening: Happening) -> tuple[list[CallEffect], list[FrameEffect]]:
        """What an act on a socket suffers when its reply is due, and what the reply does as a frame."""
        struck = self._happen(happening, None)
        calls = [fault.effect() for fault in struck if isinstance(fault, CallFault)]
        return calls, [fault.effect() for fault in struck if isinstance(fault, FrameFault)]

    def frame(self, happening: Happening) -> list[FrameEffect]:
        return [fault.effect() for fault in self._of(FrameFault, happening)]

    def handshake(self, happening: Happening) -> int | None:
        """The status that answers a handshake; None lets it through."""
        found = self._of(HandshakeFault, happening)
        return found[0].status_code() if found else None

    def fate(self, order: Order) -> Fate:
        """What becomes of an order that was just accepted; the first fault decides."""
        if "accepted" not in self._watched:
            return NORMAL
        found = self._of(OrderFault, order_happening("accepted", order), order)
        return found[0].fate() if found else NORMAL

    def tell(self, happening: Happening, order: Order | None = None) -> None:
        """Something happened at a point at which only the exchange around it can suffer."""
        self._happen(happening, order)

    # Inside

    def _arm(self, fault: Fault) -> Armed:
        self._added += 1
        name = fault.name or f"{fault.do}-{self._added}"
        when, now_s = fault.trigger(), self._now_s()
        wait_ms = when.wait_ms(self._now_ms(), 1000 * (now_s - self._began_s))
        trigger = Trigger(when, random.Random(f"{self._seed}/{self._added}"), wait_ms)
        return Armed(name, fault, trigger, now_s)

    def _wait_for(self, armed: Armed) -> None:
        """Strike when the time has come, unless it was disarmed."""
        asyncio.get_running_loop().call_later(armed.trigger.wait_ms / 1000, self._come, armed)

    def _come(self, armed: Armed) -> None:
        if armed in self._armed:
            armed.trigger.wait_ms = 0.0  # a timer may be early by a tick of its clock
            self._strike([armed], Happening(point="time"), None)

    def _of(self, kind: type[Kind], happening: Happening, order: Order | None = None) -> list[Kind]:
        return [fault for fault in self._happen(happening, order) if isinstance(fault, kind)]

    def _happen(self, happening: Happening, order: Order | None) -> list[Fault]:
        if self._keeps and happening.point != "public":
            self.happened.append(Seen(self._now_ms(), happening))
        return self._strike(self._armed, happening, order) if happening.point in self._watched else []

    def _strike(self, candidates: list[Armed], happening: Happening, order: Order | None) -> list[Fault]:
        if not candidates:
            return []
        now_s = self._now_s()
        struck = [
            armed for armed in candidates if armed.trigger.sees(happening, 1000 * (now_s - armed.added_s))
        ]
        self._watch()
        for armed in struck:
            self._note(armed, happening)
            if isinstance(armed.fault, WorldFault):
                armed.fault.perform(self._world, order)
        return [armed.fault for armed in struck]

    def _note(self, armed: Armed, happening: Happening) -> None:
        self._count += 1
        self.injected.append(Injection(self._count, self._now_ms(), armed.name, armed.fault.do, happening))

    def _watch(self) -> None:
        armed_points = frozenset(point for armed in self._armed for point in armed.trigger.points)
        self._watched = armed_points | KEPT_POINTS if self._keeps else armed_points
        self._needs_seq = any(armed.trigger.needs_seq for armed in self._armed)


def order_happening(point: Point, order: Order) -> Happening:
    return Happening(
        point=point,
        symbol=order.contract.symbol,
        side=order.side,
        link=order.link_id,
        status=order.status,
        account=order.uid,
        reduce_only=order.reduce_only,
    )
