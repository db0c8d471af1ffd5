"""An order that queries don't know yet."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.fault import World, WorldFault
from synthcore.exchange.faults.trigger import Point
from synthcore.exchange.orders import Order


class HideOrder(WorldFault, frozen=True, tag="hide_order"):
    """Show nothing of the order in `order/realtime` and `order/history` for a while."""

    points: ClassVar[tuple[Point, ...]] = ("accepted",)
    default: ClassVar[str] = "accepted"

    ms: Annotated[float, Meta(gt=0)] = 500.0

    def perform(self, world: World, order: Order | None) -> None:
        if order is not None:
            world.hide(order, self.ms)
