"""Reads turns, and puts an exchange back to where they end."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from synthcore.exchange.account import Account, AccountFacts
from synthcore.exchange.closed_pnl import KEPT_RECORDS, ClosedPnl
from synthcore.exchange.core import Counters, Exchange
from synthcore.exchange.dcp import DisconnectGuard
from synthcore.exchange.decimals import ZERO
from synthcore.exchange.funding import KEPT_SETTLEMENTS, Settlement
from synthcore.exchange.ids import Ids
from synthcore.exchange.ledger import KEPT_ENTRIES, Entry
from synthcore.exchange.liquidation import KEPT, InsuranceFund, Liquidation
from synthcore.exchange.order_log import KEPT_CLOSED_ORDERS, KEPT_FILLS
from synthcore.exchange.orders import Order
from synthcore.exchange.state.shapes import AccountTurn, BookTurn, TickerTurn, Turn
from synthcore.venues.bybit.messages import ExecutionRow

Row = Any  # one of the shapes that are made of a kind's fields


class AccountState:
    """What the turns say of one account, in the end."""

    def __init__(self) -> None:
        self.facts: AccountFacts | None = None
        self.positions: dict[tuple[str, int], Row] = {}
        self.rows: dict[str, ExecutionRow] = {}
        self.fills: deque[str] = deque(maxlen=KEPT_FILLS)
        self.entries: deque[Row] = deque(maxlen=KEPT_ENTRIES)
        self.closed: deque[int] = deque(maxlen=KEPT_CLOSED_ORDERS)
        self.closed_pnl: dict[int, Row] = {}  # by order
        self.link_ids: dict[str, None] = {}
        self.windows_s: dict[str, int] = {}

    def add(self, turn: AccountTurn) -> None:
        self.facts = turn.facts or self.facts
        self.windows_s = turn.windows_s or self.windows_s
        for position in turn.positions:
            self.positions[position.contract, position.position_idx] = position
        self.rows.update((row.exec_id, row) for row in (*turn.older_rows, *turn.fills))
        self.fills.extend(row.exec_id for row in turn.fills)
        self.entries.extend(turn.entries)
        self.closed.extend(turn.closed)
        for record in turn.closed_pnl:
            self.closed_pnl.pop(record.order, None)
            self.closed_pnl[record.order] = record
        self.link_ids.update(dict.fromkeys(turn.link_ids))


class State:
    """What the turns say, in the end."""

    def __init__(self) -> None:
        self.counters = Counters(0, 0, 0)
        self.ids_made = 0
        self.accounts: dict[str, AccountState] = {}
        self.orders: dict[int, Row] = {}
        self.books: dict[str, BookTurn] = {}
        self.tickers: dict[str, TickerTurn] = {}
        self.settled: dict[str, deque[Settlement]] = {}
        self.liquidations: deque[Row] = deque(maxlen=KEPT)
        self.fund = InsuranceFund()

    def add(self, turn: Turn) -> None:
        self.counters, self.ids_made = turn.counters, turn.ids_made
        for account in turn.accounts:
            self.accounts.setdefault(account.uid, AccountState()).add(account)
        for order in turn.orders:
            self._add_order(order)
        for number, ahead_lots in turn.queue_places:
            self.orders[number].ahead_lots = ahead_lots
        self.books.update((book.symbol, book) for book in turn.books)
        for ticker in turn.tickers:
            self.tickers[ticker.symbol] = ticker
            settled = self.settled.setdefault(ticker.symbol, deque(maxlen=KEPT_SETTLEMENTS))
            settled.extend(ticker.settled)
        self.liquidations.extend(turn.liquidations)
        self.fund = turn.fund or self.fund

    def _add_order(self, order: Row) -> None:
        if order.link_id:
            self.accounts[order.uid].link_ids.setdefault(order.link_id)
        self.orders[order.number] = order


def put_back(
    state: State,
    exchange: Exchange,
    ids: Ids,
    guard: DisconnectGuard,
    order_kind: type[Order],
    life: int,
) -> None:
    """Let a new exchange be where the turns end.

    Parameters
    ----------
    life
        How often it was started, this time included.
    """
    exchange.go_on(state.counters)
    ids.go_on(state.ids_made, life)
    for uid, account_state in state.accounts.items():
        open_account(exchange, uid, account_state)
        if account_state.windows_s:
            guard.put_back(uid, account_state.windows_s)
    orders = build_orders(state, exchange, order_kind)
    for uid, account_state in state.accounts.items():
        fill_account(exchange, exchange.accounts[uid], account_state, orders)
    exchange.put_back(order for order in orders.values() if order.is_open)
    for book in state.books.values():
        exchange.books[book.symbol].put_back_taken("Buy", book.bids)
        exchange.books[book.symbol].put_back_taken("Sell", book.asks)
    for symbol, ticker in state.tickers.items():
        exchange.funding.put_back(symbol, ticker.noted, state.settled[symbol])
        exchange.liquidator.put_back(symbol, ticker.looked_at)
    for taken in state.liquidations:
        exchange.liquidator.kept.append(
            Liquidation(**{**fields_of(taken), "contract": exchange.contracts[taken.contract]})
        )
    exchange.liquidator.put_back_fund(state.fund)


def open_account(exchange: Exchange, uid: str, state: AccountState) -> None:
    facts = state.facts
    assert facts is not None  # the first thing that is written of an account
    account = exchange.open_account(uid, ZERO, hedge=facts.hedge_by_default, now_ms=facts.created_ms)
    account.put_back(facts)
    for position in state.positions.values():
        contract = exchange.contracts[position.contract]
        kept = account.position_kind(**{**fields_of(position), "contract": contract})
        account.put_back_position(kept)


def build_orders(state: State, exchange: Exchange, kind: type[Order]) -> dict[int, Order]:
    """Every order, by its number; what they refer to is tied when all are there."""
    orders: dict[int, Order] = {}
    for number, row in state.orders.items():
        contract = exchange.contracts[row.contract]
        orders[number] = kind(**{**fields_of(row), "contract": contract, "children": (), "pair": None})
    for number, row in state.orders.items():
        orders[number].children = tuple(orders[child] for child in row.children)
        orders[number].pair = orders[row.pair] if row.pair is not None else None
    return orders


def fill_account(exchange: Exchange, account: Account, state: AccountState, orders: dict[int, Order]) -> None:
    """Put back one account's past: the orders that are over, fills, money, closed P&L, used link ids."""
    log = exchange.log(account)
    for link_id in state.link_ids:
        log.use_up(link_id)
    for order in sorted((orders[number] for number in state.closed), key=lambda order: order.number):
        log.add(order)
    for number in state.closed:
        log.close(orders[number])
    log.fill(state.rows[exec_id] for exec_id in state.fills)
    account.ledger.put_back(build_entry(row, state.rows) for row in state.entries)
    records = list(state.closed_pnl.values())[-KEPT_RECORDS:]
    account.closed_pnl.put_back(
        ClosedPnl(**{**fields_of(row), "order": orders[row.order]}) for row in records
    )


def build_entry(row: Row, rows: dict[str, ExecutionRow]) -> Entry:
    execution = rows[row.execution] if row.execution is not None else None
    return Entry(**{**fields_of(row), "execution": execution})


def fields_of(row: Row) -> dict[str, Any]:
    return dict(zip(row.__struct_fields__, msgspec.structs.astuple(row), strict=True))
