"""WebSocket connections that the exchange ends, with a code."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.cut_socket import Kind
from synthcore.exchange.faults.fault import World, WorldFault
from synthcore.exchange.orders import Order


class CloseSocket(WorldFault, frozen=True, tag="close_socket"):
    """Say goodbye with a closing frame: 1001 is going away, 1011 a server error, 1012 a restart."""

    default: ClassVar[str] = "fill"

    socket: Kind = "private"
    code: Annotated[int, Meta(ge=1000, le=4999)] = 1001
    reason: str = ""

    def perform(self, world: World, order: Order | None) -> None:
        for socket in world.sockets(self.socket):
            socket.say_goodbye(self.code, self.reason)
