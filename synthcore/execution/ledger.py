"""The money of one trade, fill by fill: what was bought and sold, at which prices, with which fees."""

from __future__ import annotations

from decimal import Decimal

from synthcore.model import Fill

ZERO = Decimal(0)


class Ledger:
    """Fills of one trade, each counted once."""

    def __init__(self) -> None:
        self._fills: dict[str, Fill] = {}

    def add(self, fill: Fill) -> bool:
        """Book a fill; False if it was booked before."""
        if fill.exec_id in self._fills:
            return False
        self._fills[fill.exec_id] = fill
        return True

    def qty(self, link_id: str) -> Decimal:
        """What an order filled, as far as its fills are here."""
        return sum((fill.qty for fill in self._fills.values() if fill.link_id == link_id), ZERO)

    def average_price(self, link_ids: set[str]) -> float | None:
        """Average price over some orders."""
        fills = [fill for fill in self._fills.values() if fill.link_id in link_ids]
        qty = sum((fill.qty for fill in fills), ZERO)
        return float(sum((fill.qty * fill.price for fill in fills), ZERO) / qty) if qty else None

    @property
    def fees(self) -> Decimal:
        """Fees in USDT, > 0 is paid."""
        return sum((fill.fee for fill in self._fills.values()), ZERO)

    def cost(self, mid: float) -> Decimal:
        """What the trade cost in USDT: bought less sold, what is left at `mid`, and the fees."""
        paid, left = ZERO, ZERO
        for fill in self._fills.values():
            sign = 1 if fill.side == "Buy" else -1
            paid += sign * fill.qty * fill.price
            left += sign * fill.qty
        return paid - left * Decimal(repr(mid)) + self.fees
