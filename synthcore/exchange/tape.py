"""Trades of our clients that the market's own prints don't show."""

from __future__ import annotations

from msgspec import Struct

from synthcore.model import Side


class OwnTrade(Struct, frozen=True):
    """One match in which the market printed nothing."""

    symbol: str
    taker_side: Side
    price_ticks: int
    lots: int
    trade_id: str  # execId of the taker's fill; of the maker's where the taker is the market
    time_ms: int


class Tape:
    """Keeps trades until they are printed."""

    def __init__(self) -> None:
        self._untold: list[OwnTrade] = []

    def __bool__(self) -> bool:
        return bool(self._untold)

    def add(self, trade: OwnTrade) -> None:
        self._untold.append(trade)

    def take(self) -> list[OwnTrade]:
        """What happened since the last call."""
        untold, self._untold = self._untold, []
        return untold
