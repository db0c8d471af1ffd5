"""What the faults of the wire have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from synthcore.exchange.faults.fault import World, WorldFault
from synthcore.exchange.orders import Order

LINES = ("rest", "sockets")
DIRECTIONS = ("up", "down")


class TcpFault(WorldFault, frozen=True):
    """Makes the wire worse for a while: connections that are open, and those to come."""

    default: ClassVar[str] = "start"

    line: Literal["rest", "sockets", "all"] = "all"
    direction: Literal["up", "down", "both"] = "both"  # up is to the exchange
    for_ms: Annotated[float, Meta(gt=0)] | None = None  # None: until everything is disarmed

    def changes(self) -> dict[str, object]:
        """Fields of `LineState`."""
        raise NotImplementedError

    def perform(self, world: World, order: Order | None) -> None:
        lines = LINES if self.line == "all" else (self.line,)
        directions = DIRECTIONS if self.direction == "both" else (self.direction,)
        world.worsen(lines, directions, self.changes(), self.for_ms)
