"""What every fault is: a name, a trigger, and one of four kinds of effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Protocol

from msgspec import Struct

from synthcore.exchange.faults.effects import CallEffect, FrameEffect
from synthcore.exchange.faults.trigger import POINTS, Point, When, read_when
from synthcore.exchange.orders import Fate, Order

How = Literal["close", "reset"]  # how a connection is cut: FIN, or TCP's RST


class Fault(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", omit_defaults=True
):
    """One way to fail. `when` is data or words; without it the fault's own default holds."""

    points: ClassVar[tuple[Point, ...]] = POINTS
    default: ClassVar[str]

    name: str = ""
    when: When | str = ""

    def __post_init__(self) -> None:
        point = self.trigger().point
        if point not in self.points:
            raise ValueError(f"{self.do} can strike at {', '.join(self.points)}, not at {point}")

    @property
    def do(self) -> str:
        """The name of this kind of fault."""
        return str(self.__struct_config__.tag)

    def trigger(self) -> When:
        if isinstance(self.when, When):
            return self.when
        return read_when(self.when or self.default)


class CallFault(Fault, frozen=True):
    """Strikes a call, of REST or the trade socket: at `request` nothing happened yet, at `reply` it has."""

    points: ClassVar[tuple[Point, ...]] = ("request", "reply")

    def effect(self) -> CallEffect:
        raise NotImplementedError


class OrderFault(Fault, frozen=True):
    """Decides what becomes of an order that was just accepted."""

    points: ClassVar[tuple[Point, ...]] = ("accepted",)

    def fate(self) -> Fate:
        raise NotImplementedError


class FrameFault(Fault, frozen=True):
    """Strikes one frame of a stream."""

    points: ClassVar[tuple[Point, ...]] = ("private", "public", "reply")

    def __post_init__(self) -> None:
        super().__post_init__()
        when = self.trigger()
        if when.point == "reply" and when.socket != "trade":
            raise ValueError(f"{self.do} at a reply must say socket=trade: an answer of REST is no frame")

    def effect(self) -> FrameEffect:
        raise NotImplementedError


class Socket(Protocol):
    """A WebSocket connection, from the side of a fault."""

    def cut(self, *, resets: bool = False) -> None: ...

    def fall_silent(self) -> None: ...

    def slow_down(self, by_s: float) -> None: ...

    def say_goodbye(self, code: int, reason: str) -> None: ...


class World(Protocol):
    """What a fault can get hold of beside calls, orders and frames."""

    def sockets(self, kind: str) -> list[Socket]:
        """Open connections: `private`, `public`, `trade` or `all`."""
        ...

    def skew_clock(self, by_ms: float, drift_ppm: float) -> None: ...

    def set_right(self) -> None:
        """Undo what lasts: clock, outages, lines."""
        ...

    def hide(self, order: Order, for_ms: float) -> None: ...

    def take_no_calls(self, effect: CallEffect, handshake: int | None, for_ms: float) -> None:
        """Answer all calls alike for a while, and handshakes with a status."""
        ...

    @property
    def has_front(self) -> bool:
        """Whether the wire can be made worse."""
        ...

    def worsen(
        self,
        lines: Sequence[str],
        directions: Sequence[str],
        changes: dict[str, object],
        for_ms: float | None,
    ) -> None:
        """Make the wire worse, for a while or until all is set right."""
        ...

    def liquidate(self, uid: str) -> None:
        """One account, or all of them."""
        ...


class WorldFault(Fault, frozen=True):
    """Does something to the exchange around the point at which it strikes."""

    def perform(self, world: World, order: Order | None) -> None:
        raise NotImplementedError


class HandshakeFault(Fault, frozen=True):
    """Strikes a WebSocket handshake: the status that answers it."""

    points: ClassVar[tuple[Point, ...]] = ("connect",)

    def status_code(self) -> int:
        raise NotImplementedError
