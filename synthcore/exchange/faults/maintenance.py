"""An exchange that is closed for a while."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.effects import CallEffect, Refuse
from synthcore.exchange.faults.fault import World, WorldFault
from synthcore.exchange.faults.http_error import page
from synthcore.exchange.faults.refuse import MESSAGES
from synthcore.exchange.orders import Order
from synthcore.exchange.refusal import Refusal

UNAVAILABLE = 503
SERVICE_RESTART = 1012


class Maintenance(WorldFault, frozen=True, tag="maintenance"):
    """Close every socket, refuse handshakes with 503 and every call with a code, until the time is over."""

    default: ClassVar[str] = "start"

    ms: Annotated[float, Meta(gt=0)] = 5000.0
    code: int | None = 10016  # None: a page of HTML with 503

    def perform(self, world: World, order: Order | None) -> None:
        world.take_no_calls(self._answer(), UNAVAILABLE, self.ms)
        for socket in world.sockets("all"):
            socket.say_goodbye(SERVICE_RESTART, "maintenance")

    def _answer(self) -> CallEffect:
        if self.code is None:
            return page(UNAVAILABLE)
        return Refuse(Refusal(self.code, MESSAGES.get(self.code, "")))
