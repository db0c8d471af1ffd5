"""An address that called too often."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.fault import World, WorldFault
from synthcore.exchange.faults.http_error import page
from synthcore.exchange.orders import Order

TEN_MINUTES_MS = 600_000.0  # as long as Bybit says to wait


class ShutOut(WorldFault, frozen=True, tag="shut_out"):
    """Answer every call with 403 for a while, the one at which it strikes included; sockets go on."""

    default: ClassVar[str] = "request path=/v5/order/create"

    ms: Annotated[float, Meta(gt=0)] = TEN_MINUTES_MS

    def perform(self, world: World, order: Order | None) -> None:
        world.take_no_calls(page(403, "access too frequent"), None, self.ms)
