"""An account that is liquidated, whatever its margin."""

from __future__ import annotations

from typing import ClassVar

from synthcore.exchange.faults.fault import World, WorldFault
from synthcore.exchange.orders import Order


class Liquidate(WorldFault, frozen=True, tag="liquidate"):
    """Cancel an account's orders and take its positions over where their initial margin is gone."""

    default: ClassVar[str] = "fill"

    account: str = ""  # a user id; empty: the order's at which it strikes, else everybody's

    def perform(self, world: World, order: Order | None) -> None:
        world.liquidate(self.account or (order.uid if order is not None else ""))
