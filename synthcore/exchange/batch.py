"""Everything one act changed, written as private messages: execution, order, position, wallet."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from synthcore.exchange.account import Account, Marks
from synthcore.exchange.contract import Contract
from synthcore.exchange.orders import Order
from synthcore.exchange.rows import order_row, position_row, wallet_row
from synthcore.venues.bybit.messages import (
    ExecutionMessage,
    ExecutionRow,
    OrderMessage,
    PositionMessage,
    WalletMessage,
)

PrivateMessage = ExecutionMessage | OrderMessage | PositionMessage | WalletMessage


class Event(Struct, frozen=True):
    """One private message to one user. `message.topic` is the all-in-one name (`order`, …)."""

    uid: str
    message: PrivateMessage


class Batch:
    """Collects what an act touches, then writes it once, in its final state.

    Iterating over it gives the events. They are written at the first look, so that an answer need not
    wait for them; the core looks before it begins another act, so that they are never of a later state.

    Bybit promises no order between topics; ours follows the one live sequence that was captured.
    Every create, amend and cancel has a position and a wallet message, even when nothing changed there.
    """

    def __init__(self, marks: Marks, now_ms: int, changed: dict[str, None]) -> None:
        self._marks = marks
        self._changed = changed  # symbols in which orders changed, for whoever displays them
        self._now_ms = now_ms
        self._fills: dict[Account, dict[str, list[ExecutionRow]]] = {}
        self._orders: dict[Account, dict[Order, int]] = {}
        self._contracts: dict[Account, dict[Contract, None]] = {}
        self._passing: dict[Account, list[OrderMessage]] = {}
        self._events: list[Event] | None = None

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events())

    def filled(self, account: Account, row: ExecutionRow) -> None:
        self._fills.setdefault(account, {}).setdefault(row.symbol, []).append(row)

    def touched(self, account: Account, order: Order, seq: int) -> None:
        """An order changed, and with it its position's record and the wallet."""
        self._changed[order.contract.symbol] = None
        self._orders.setdefault(account, {})[order] = seq
        self._contracts.setdefault(account, {})[order.contract] = None

    def moved(self, account: Account, contract: Contract) -> None:
        """A position's record and the wallet changed without an order."""
        self._contracts.setdefault(account, {})[contract] = None

    def paid(self, account: Account) -> None:
        """The wallet alone changed."""
        self._contracts.setdefault(account, {})

    def passed(self, account: Account, order: Order, seq: int) -> None:
        """An order is in a state that it will leave within this act: it is told now, as it is."""
        self._passing.setdefault(account, []).append(self._order_message(account, order, seq))
        self.touched(account, order, seq)

    def events(self) -> list[Event]:
        """The private messages, in the order in which they are to be sent."""
        if self._events is None:
            self._events = [
                Event(account.uid, message)
                for account in self._contracts
                for message in self._messages(account)
            ]
        return self._events

    def _messages(self, account: Account) -> Iterator[PrivateMessage]:
        yield from self._passing.get(account, ())
        for symbol, rows in self._fills.get(account, {}).items():
            message_id = f"{account.uid}_{symbol}_{rows[0].seq}"
            yield ExecutionMessage("execution", message_id, self._now_ms, rows)
        for order, seq in self._orders.get(account, {}).items():
            yield self._order_message(account, order, seq)
        margin = account.margin(self._marks)
        for contract in self._contracts[account]:
            mark = self._marks(contract.symbol)
            rows_of_legs = [position_row(leg, mark, margin) for leg in account.legs(contract)]
            message_id = f"{account.uid}_position_{self._now_ms}"
            yield PositionMessage(message_id, "position", self._now_ms, rows_of_legs)
        message_id = f"{account.uid}_wallet_{self._now_ms}"
        yield WalletMessage(message_id, "wallet", self._now_ms, [wallet_row(account, margin)])

    def _order_message(self, account: Account, order: Order, seq: int) -> OrderMessage:
        message_id = f"{account.uid}_{order.contract.symbol}_{seq}"
        return OrderMessage("order", message_id, self._now_ms, [order_row(order)])
