"""An account's money: every change is one entry, and the balance is nothing but their sum."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from synthcore.exchange.decimals import ZERO
from synthcore.venues.bybit.messages import ExecutionRow

KEPT_ENTRIES = 10_000  # older ones are in the balance, but can't be listed any more

# What the log calls an entry, by its execution's type.
KINDS = {
    "Trade": "TRADE",
    "Funding": "SETTLEMENT",
    "BustTrade": "LIQUIDATION",
    "AdlTrade": "ADL",
}
TRANSFER_IN, TRANSFER_OUT = "TRANSFER_IN", "TRANSFER_OUT"


class Entry(Struct, frozen=True):
    """One change of the wallet, in USDT."""

    number: int  # rises by one with each entry of the account
    kind: str
    time_ms: int
    cash_flow: Decimal
    fee: Decimal  # > 0 is paid
    funding: Decimal  # > 0 is received
    balance: Decimal  # after it
    execution: ExecutionRow | None = None  # None: money from outside
    held: Decimal = ZERO  # position after it, signed

    @property
    def change(self) -> Decimal:
        return self.cash_flow + self.funding - self.fee


class Ledger:
    """The wallet's entries, oldest first, and the balance after the last of them."""

    def __init__(self) -> None:
        self.balance = ZERO
        self.entries: deque[Entry] = deque(maxlen=KEPT_ENTRIES)
        self._count = 0

    def transfer(self, amount: Decimal, now_ms: int) -> None:
        """Money from outside; below 0 it leaves."""
        self._post(TRANSFER_IN if amount >= 0 else TRANSFER_OUT, now_ms, amount, ZERO, ZERO, None, ZERO)

    def fill(
        self, execution: ExecutionRow, now_ms: int, *, pnl: Decimal, fee: Decimal, held: Decimal
    ) -> None:
        self._post(KINDS[execution.exec_type], now_ms, pnl, fee, ZERO, execution, held)

    def fund(self, execution: ExecutionRow, now_ms: int, *, received: Decimal, held: Decimal) -> None:
        self._post(KINDS[execution.exec_type], now_ms, ZERO, ZERO, received, execution, held)

    def put_back(self, entries: Iterable[Entry]) -> None:
        """Be as the last of these entries leaves it."""
        self.entries.clear()
        self.entries.extend(entries)
        last = self.entries[-1]
        self.balance, self._count = last.balance, last.number

    def _post(
        self,
        kind: str,
        now_ms: int,
        cash_flow: Decimal,
        fee: Decimal,
        funding: Decimal,
        execution: ExecutionRow | None,
        held: Decimal,
    ) -> None:
        self._count += 1
        self.balance += cash_flow + funding - fee
        entry = Entry(self._count, kind, now_ms, cash_flow, fee, funding, self.balance, execution, held)
        self.entries.append(entry)
