"""Collects what is to be written: what one act changed, or all that there is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import TypeVar

from msgspec import Struct

from synthcore.exchange.account import Account, AccountFacts
from synthcore.exchange.changes import Changes
from synthcore.exchange.closed_pnl import ClosedPnl, ClosedPnlLog
from synthcore.exchange.core import Counters, Exchange
from synthcore.exchange.dcp import DisconnectGuard
from synthcore.exchange.funding import Settlement
from synthcore.exchange.ids import Ids
from synthcore.exchange.ledger import Entry
from synthcore.exchange.liquidation import Liquidation
from synthcore.exchange.matching import Matching
from synthcore.exchange.orders import Order
from synthcore.exchange.state.shapes import (
    AccountTurn,
    BookTurn,
    TickerTurn,
    Turn,
    closed_pnl_fields,
    entry_fields,
    liquidation_fields,
    order_fields,
    position_fields,
)
from synthcore.venues.bybit.messages import ExecutionRow

Item = TypeVar("Item")


class Written(Struct):
    """How far one account is written."""

    facts: AccountFacts | None = None
    fill: ExecutionRow | None = None  # the newest
    entry: Entry | None = None
    closed: Order | None = None
    closed_pnl_number: int = 0
    windows_s: dict[str, int] = {}


class Gatherer:
    """Knows what was written, and gathers what is new since then."""

    def __init__(self, exchange: Exchange, ids: Ids, changes: Changes, guard: DisconnectGuard) -> None:
        self._exchange = exchange
        self._ids = ids
        self._changes = changes
        self._guard = guard
        self._accounts: dict[str, Written] = {}
        self._settled: dict[str, Settlement | None] = {}
        self._liquidation: Liquidation | None = None
        self._tickers: dict[str, tuple[object, ...]] = {}
        self._counted: tuple[Counters, int] | None = None

    # One act

    def turn(self, caller: Account | None) -> Turn | None:
        """What has changed since the last turn; None where nothing has.

        Parameters
        ----------
        caller
            Whose settings may have changed beside what is noted.
        """
        changes = self._changes
        if not changes and caller is None:
            return None
        orders = [order for order in changes.orders if self._is_kept(order)]
        accounts = self._touched(caller, orders)
        turn = Turn(
            self._exchange.counters(),
            self._ids.made,
            [new for one in accounts if (new := self._account(one, is_set=one is caller)) is not None],
            [order_fields(order) for order in orders],
            self._queue_places() if changes.queue_places else [],
            [book_turn(book) for book in changes.books] if changes.books else [],
            self._new_tickers() if changes.tickers else [],
            liquidations := self._liquidations(),
            copy(self._exchange.liquidator.fund) if liquidations else None,
        )
        changes.clear()
        before, self._counted = self._counted, (turn.counters, turn.ids_made)
        is_new = before != self._counted
        if is_new or turn.accounts or turn.orders or turn.queue_places or turn.books or turn.tickers:
            return turn
        return None

    def _is_kept(self, order: Order) -> bool:
        """Whether an order was taken: one that was refused after it was made is nobody's."""
        account = self._exchange.accounts[order.uid]
        return self._exchange.log(account).find(order.order_id, None) is order

    def _queue_places(self) -> list[tuple[int, int | None]]:
        """Of the orders that moved and have not changed otherwise."""
        moved = (order for order in self._changes.queue_places if order not in self._changes.orders)
        return [(order.number, order.ahead_lots) for order in moved if self._is_kept(order)]

    def _new_tickers(self) -> list[TickerTurn]:
        return [new for symbol in self._changes.tickers if (new := self._ticker(symbol)) is not None]

    def _touched(self, caller: Account | None, orders: list[Order]) -> Iterable[Account]:
        accounts = self._exchange.accounts
        touched: dict[Account, None] = {accounts[order.uid]: None for order in orders}
        if self._changes.positions:
            touched.update(dict.fromkeys(self._changes.positions.values()))
        if caller is not None:
            touched[caller] = None
        return touched

    def _account(self, account: Account, *, is_set: bool) -> AccountTurn | None:
        """What is new in one account; `is_set`: its settings may have changed without an entry."""
        written = self._accounts.get(account.uid)
        if written is None:
            written = self._accounts[account.uid] = Written()
        log = self._exchange.log(account)
        fills = new_of(log.fills, written.fill)
        entries = new_of(account.ledger.entries, written.entry)
        closed = new_of(log.closed, written.closed)
        records = newer(account.closed_pnl, written.closed_pnl_number) if entries else []
        positions = self._changes.positions
        changed = [one for one, owner in positions.items() if owner is account] if positions else []
        if not (is_set or changed or fills or entries or closed):
            return None
        facts, windows_s = account.facts(), dict(self._guard.windows_s(account.uid))
        is_as_before = facts == written.facts and windows_s == written.windows_s
        if is_as_before and not (changed or fills or entries or closed):
            return None
        turn = AccountTurn(
            account.uid,
            facts if facts != written.facts else None,
            [position_fields(position) for position in changed],
            fills,
            [entry_fields(entry) for entry in entries],
            [order.number for order in closed],
            [closed_pnl_fields(record) for record in records],
            windows_s=windows_s if windows_s != written.windows_s else {},
        )
        written.windows_s = windows_s
        self._note(written, facts, fills, entries, closed, records)
        return turn

    def _note(
        self,
        written: Written,
        facts: AccountFacts,
        fills: list[ExecutionRow],
        entries: list[Entry],
        closed: list[Order],
        records: list[ClosedPnl],
    ) -> None:
        written.facts = facts
        written.fill = fills[-1] if fills else written.fill
        written.entry = entries[-1] if entries else written.entry
        written.closed = closed[-1] if closed else written.closed
        written.closed_pnl_number = records[-1].number if records else written.closed_pnl_number

    def _ticker(self, symbol: str) -> TickerTurn | None:
        noted, looked_at = self._exchange.funding.noted(symbol), self._exchange.liquidator.looked_at(symbol)
        now = (*noted.items(), looked_at)
        if now == self._tickers.get(symbol):
            return None
        self._tickers[symbol] = now
        settled = new_of(list(self._exchange.funding.settled(symbol))[::-1], self._settled.get(symbol))
        if settled:
            self._settled[symbol] = settled[-1]
        return TickerTurn(symbol, noted, looked_at, settled)

    def _liquidations(self) -> list[list[object]]:
        kept = self._exchange.liquidator.kept
        if not kept or kept[-1] is self._liquidation:
            return []
        new = new_of(kept, self._liquidation)
        self._liquidation = new[-1]
        return [liquidation_fields(taken) for taken in new]

    # All

    def whole(self) -> Turn:
        """All there is; the next turn begins after it."""
        self._accounts.clear()
        self._settled.clear()
        self._tickers.clear()
        self._liquidation = None
        self._changes.clear()
        exchange = self._exchange
        self._counted = (exchange.counters(), self._ids.made)
        return Turn(
            exchange.counters(),
            self._ids.made,
            [self._whole_account(account) for account in exchange.accounts.values()],
            [order_fields(order) for order in self._reachable()],
            [],
            [book_turn(book) for book in exchange.books.values() if book.taken("Buy") or book.taken("Sell")],
            [new for symbol in exchange.contracts if (new := self._ticker(symbol)) is not None],
            self._liquidations(),
            copy(exchange.liquidator.fund),
        )

    def _whole_account(self, account: Account) -> AccountTurn:
        turn = self._account(account, is_set=True)
        assert turn is not None  # an account has facts at least
        log = self._exchange.log(account)
        listed = {row.exec_id for row in log.fills}
        rows = (entry.execution for entry in account.ledger.entries)
        turn.positions = [position_fields(position) for position in account.positions()]
        turn.older_rows = [row for row in rows if row is not None and row.exec_id not in listed]
        turn.link_ids = log.used_link_ids()
        return turn

    def _reachable(self) -> list[Order]:
        """Every order that is listed somewhere, oldest first, and those that they refer to."""
        found: dict[Order, None] = {}
        queue = [order for account in self._exchange.accounts.values() for order in self._listed(account)]
        while queue:
            order = queue.pop()
            if order not in found:
                found[order] = None
                queue.extend(order.children)
                if order.pair is not None:
                    queue.append(order.pair)
        return sorted(found, key=lambda order: order.number)

    def _listed(self, account: Account) -> Iterator[Order]:
        log = self._exchange.log(account)
        yield from log.open_orders()
        yield from log.closed_orders()
        yield from (record.order for record in account.closed_pnl.newest_first())


def new_of(oldest_first: Sequence[Item] | deque[Item], last: Item | None) -> list[Item]:
    """What came after `last`, oldest first."""
    if not oldest_first or oldest_first[-1] is last:
        return []
    found: list[Item] = []
    for item in reversed(oldest_first):
        if item is last:
            break
        found.append(item)
    found.reverse()
    return found


def newer(log: ClosedPnlLog, number: int) -> list[ClosedPnl]:
    """The records above a number, oldest first."""
    found: list[ClosedPnl] = []
    for record in log.newest_first():
        if record.number <= number:
            break
        found.append(record)
    found.reverse()
    return found


def book_turn(book: Matching) -> BookTurn:
    return BookTurn(book.contract.symbol, book.taken("Buy"), book.taken("Sell"))
