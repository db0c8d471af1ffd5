"""WebSocket connections that break."""

from __future__ import annotations

from typing import ClassVar, Literal

from synthcore.exchange.faults.fault import How, World, WorldFault
from synthcore.exchange.orders import Order

Kind = Literal["private", "public", "trade", "all"]


class CutSocket(WorldFault, frozen=True, tag="cut_socket"):
    """Break the TCP connection without a closing frame."""

    default: ClassVar[str] = "fill"

    socket: Kind = "private"

    how: How = "close"

    def perform(self, world: World, order: Order | None) -> None:
        for socket in world.sockets(self.socket):
            socket.cut(resets=self.how == "reset")
