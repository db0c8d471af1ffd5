"""An order that finds less than it wants."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.fault import OrderFault
from synthcore.exchange.orders import Fate


class PartialFill(OrderFault, frozen=True, tag="partial_fill"):
    """Let the order take at most a share of its quantity at once.

    What is left is cancelled (IOC, market) or rests (GTC), where the market may fill it later.
    """

    default: ClassVar[str] = "accepted"

    share: Annotated[float, Meta(ge=0, lt=1)] = 0.5

    def fate(self) -> Fate:
        return Fate(share=Decimal(str(self.share)))
