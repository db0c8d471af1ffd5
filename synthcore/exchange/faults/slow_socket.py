"""WebSocket connections that lag."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.cut_socket import Kind
from synthcore.exchange.faults.fault import World, WorldFault
from synthcore.exchange.orders import Order


class SlowSocket(WorldFault, frozen=True, tag="slow_socket"):
    """Send everything later from now on, in order, until the connection ends."""

    default: ClassVar[str] = "start"

    socket: Kind = "private"
    ms: Annotated[float, Meta(gt=0)] = 500.0

    def perform(self, world: World, order: Order | None) -> None:
        for socket in world.sockets(self.socket):
            socket.slow_down(self.ms / 1000)
