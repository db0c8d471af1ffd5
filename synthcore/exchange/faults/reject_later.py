"""An order that is acknowledged and then rejected."""

from __future__ import annotations

from typing import ClassVar

from synthcore.exchange.faults.fault import OrderFault
from synthcore.exchange.orders import Fate


class RejectLater(OrderFault, frozen=True, tag="reject_later"):
    """Acknowledge the order; the private stream then says `Rejected`. It never trades."""

    default: ClassVar[str] = "accepted"

    reason: str = "EC_InvalidSymbolStatus"

    def fate(self) -> Fate:
        return Fate(reject_reason=self.reason)
