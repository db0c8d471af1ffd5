"""What closing orders earned: one record per order that closed something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from msgspec import Struct

from synthcore.exchange.decimals import ZERO, round8
from synthcore.exchange.orders import Order

KEPT_RECORDS = 10_000


class Closing(Struct, frozen=True):
    """What one fill closed of a position: `pnl` is the gain against the entry, before fees."""

    lots: int
    pnl: Decimal
    entry_value: Decimal
    exit_value: Decimal
    open_fee: Decimal
    close_fee: Decimal

    @property
    def net_pnl(self) -> Decimal:
        """The gain less the fees of both ends."""
        return self.pnl - self.open_fee - self.close_fee


NOTHING_CLOSED = Closing(0, ZERO, ZERO, ZERO, ZERO, ZERO)


class ClosedPnl(Struct, eq=False, kw_only=True):
    """The sum of one order's closings."""

    number: int  # rises with each change: newest last
    order: Order
    leverage: Decimal
    exec_type: str
    created_ms: int
    updated_ms: int
    lots: int = 0
    entry_value: Decimal = ZERO
    exit_value: Decimal = ZERO
    open_fee: Decimal = ZERO
    close_fee: Decimal = ZERO
    closed_pnl: Decimal = ZERO
    fill_count: int = 0

    def add(self, closing: Closing) -> None:
        self.lots += closing.lots
        self.entry_value += closing.entry_value
        self.exit_value += closing.exit_value
        self.open_fee += closing.open_fee
        self.close_fee += closing.close_fee
        self.closed_pnl += closing.net_pnl
        self.fill_count += 1

    @property
    def average_entry(self) -> Decimal:
        return self._average(self.entry_value)

    @property
    def average_exit(self) -> Decimal:
        return self._average(self.exit_value)

    def _average(self, value: Decimal) -> Decimal:
        return round8(value / self.order.contract.qty(self.lots))


class ClosedPnlLog:
    """One account's records, by order."""

    def __init__(self) -> None:
        self._records: dict[str, ClosedPnl] = {}
        self._count = 0

    def add(self, order: Order, closing: Closing, leverage: Decimal, exec_type: str, now_ms: int) -> None:
        """Add what one fill of an order closed; the order's record becomes the newest."""
        self._count += 1
        record = self._records.pop(order.order_id, None)
        if record is None:
            record = ClosedPnl(
                number=self._count,
                order=order,
                leverage=leverage,
                exec_type=exec_type,
                created_ms=now_ms,
                updated_ms=now_ms,
            )
        record.add(closing)
        record.number, record.updated_ms = self._count, now_ms
        self._records[order.order_id] = record
        if len(self._records) > KEPT_RECORDS:
            del self._records[next(iter(self._records))]

    def put_back(self, records: Iterable[ClosedPnl]) -> None:
        """Take records that were kept, oldest first."""
        for record in records:
            self._records[record.order.order_id] = record
            self._count = record.number

    def newest_first(self) -> Iterator[ClosedPnl]:
        return reversed(self._records.values())
