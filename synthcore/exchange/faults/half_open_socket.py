"""WebSocket connections that are open and dead."""

from __future__ import annotations

from typing import ClassVar

from synthcore.exchange.faults.cut_socket import Kind
from synthcore.exchange.faults.fault import World, WorldFault
from synthcore.exchange.orders import Order


class HalfOpenSocket(WorldFault, frozen=True, tag="half_open_socket"):
    """Read nothing and write nothing any more, pongs included; TCP stays up."""

    default: ClassVar[str] = "fill"

    socket: Kind = "private"

    def perform(self, world: World, order: Order | None) -> None:
        for socket in world.sockets(self.socket):
            socket.fall_silent()
