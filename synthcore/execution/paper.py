"""What became of a trade: the record that a run reports."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from synthcore.execution.events import End, OpenLeg
from synthcore.execution.hedge import HedgeTimingMetrics


class PaperTrade(Struct, frozen=True, kw_only=True):
    """A trade at its end. The synthetic edge and the real cost stand side by side and are never mixed."""

    trade: str  # run and trade number: the beginning of its orders' link ids
    symbol: str
    end: End
    reason: str  # why it was left, or why it failed
    was_hedged: bool = False  # both legs held the same quantity
    target_qty: Decimal = Decimal(0)  # base coin
    qty: Decimal = Decimal(0)  # hedged, base coin
    long_entry_px: float | None = None  # average, real
    short_entry_px: float | None = None
    held_ns: int = 0  # from hedged to the exit's decision
    claimed_usdt: float = 0.0  # what the opportunity promised for the quantity
    synthetic_edge_usdt: float = 0.0  # what the synthetic mark earned
    real_cost_usdt: float = 0.0  # fills, real spread crossed, fees; > 0 is paid
    fees_usdt: float = 0.0  # part of the real cost
    hedge: HedgeTimingMetrics = HedgeTimingMetrics()
    open_legs: tuple[OpenLeg, ...] = ()  # UNRESOLVED: what is open, or may be

    @property
    def successful(self) -> bool:
        """Whether both legs were filled, and the trade left flat."""
        return self.was_hedged and self.end == "CLOSED"
