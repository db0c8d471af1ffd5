"""What is written: one `Turn` for each act that changed something, and for all there is when the file is new.

Orders and positions are written with every field that they have, whatever it is called: the shapes are
made of theirs. What refers to another thing is written as its name (a contract's symbol, an order's number).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from synthcore.exchange.account import AccountFacts, Position
from synthcore.exchange.closed_pnl import ClosedPnl
from synthcore.exchange.core import Counters
from synthcore.exchange.funding import Settlement
from synthcore.exchange.ledger import Entry
from synthcore.exchange.liquidation import InsuranceFund, Liquidation
from synthcore.exchange.matches import Taken
from synthcore.exchange.orders import Order
from synthcore.exchange.ready import AccountKey
from synthcore.venues.bybit.messages import ExecutionRow

FORMAT = 1

Fields = list[Any]  # a thing's fields in their order, references as names


class Flat:
    """How things of one kind are written: as a row of their fields.

    Parameters
    ----------
    kind
        What is written.
    names
        The fields that refer to other things, and the type that is written for them.
    """

    def __init__(self, kind: type[Struct], names: dict[str, Any]) -> None:
        hints = get_type_hints(kind)
        self.fields = kind.__struct_fields__
        self.at = {name: self.fields.index(name) for name in names}
        self.row: Any = msgspec.defstruct(
            f"{kind.__name__}Fields",
            [(name, names.get(name, hints[name])) for name in self.fields],
            array_like=True,
        )


ORDER = Flat(Order, {"contract": str, "children": tuple[int, ...], "pair": int | None})
ORDER_CONTRACT, ORDER_CHILDREN, ORDER_PAIR = (ORDER.at[name] for name in ("contract", "children", "pair"))
POSITION = Flat(Position, {"contract": str})
CLOSED_PNL = Flat(ClosedPnl, {"order": int})
ENTRY = Flat(Entry, {"execution": str | None})
LIQUIDATION = Flat(Liquidation, {"contract": str})


class BookTurn(Struct, array_like=True):
    """What is taken of one contract's levels, by price in ticks."""

    symbol: str
    bids: dict[int, Taken]
    asks: dict[int, Taken]


class TickerTurn(Struct, array_like=True):
    """What one contract's ticker has set going; `settled` is new since the turn before."""

    symbol: str
    noted: dict[str, str]
    looked_at: Decimal | None
    settled: list[Settlement] = []


class AccountTurn(Struct, array_like=True):
    """What is new in one account; lists are oldest first."""

    uid: str
    facts: AccountFacts | None = None
    positions: list[POSITION.row] = []  # type: ignore[name-defined]
    fills: list[ExecutionRow] = []
    entries: list[ENTRY.row] = []  # type: ignore[name-defined]
    closed: list[int] = []  # orders
    closed_pnl: list[CLOSED_PNL.row] = []  # type: ignore[name-defined]
    older_rows: list[ExecutionRow] = []  # of entries whose fills are not listed any more
    link_ids: list[str] = []  # used before
    windows_s: dict[str, int] = {}  # of cancel-on-disconnect, by product; empty: they are as before


class Turn(Struct, array_like=True):
    """What one act has changed."""

    counters: Counters
    ids_made: int
    accounts: list[AccountTurn] = []
    orders: list[ORDER.row] = []  # type: ignore[name-defined]
    queue_places: list[tuple[int, int | None]] = []  # order, the market's lots in front of it
    books: list[BookTurn] = []
    tickers: list[TickerTurn] = []
    liquidations: list[LIQUIDATION.row] = []  # type: ignore[name-defined]
    fund: InsuranceFund | None = None  # None: it is as before


class Origin(Struct):
    """The first record: what the state was made with."""

    format: int
    shape: int  # of everything that is written
    settings: dict[str, str]
    contracts: dict[str, str]
    keys: list[AccountKey]
    lives: int  # starts, this one included


def order_fields(order: Order) -> Fields:
    fields: Fields = list(msgspec.structs.astuple(order))
    fields[ORDER_CONTRACT] = order.contract.symbol
    fields[ORDER_CHILDREN] = [child.number for child in order.children] if order.children else ()
    fields[ORDER_PAIR] = order.pair.number if order.pair is not None else None
    return fields


def position_fields(position: Position) -> Fields:
    fields: Fields = list(msgspec.structs.astuple(position))
    fields[POSITION.at["contract"]] = position.contract.symbol
    return fields


def closed_pnl_fields(record: ClosedPnl) -> Fields:
    fields: Fields = list(msgspec.structs.astuple(record))
    fields[CLOSED_PNL.at["order"]] = record.order.number
    return fields


def entry_fields(entry: Entry) -> Fields:
    fields: Fields = list(msgspec.structs.astuple(entry))
    if entry.execution is not None:
        fields[ENTRY.at["execution"]] = entry.execution.exec_id
    return fields


def liquidation_fields(taken: Liquidation) -> Fields:
    fields: Fields = list(msgspec.structs.astuple(taken))
    fields[LIQUIDATION.at["contract"]] = taken.contract.symbol
    return fields
