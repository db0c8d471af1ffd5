"""What changed since the last look, noted where it changes: whoever keeps the state need not search for it.

The kinds made here note each change of their instances by themselves, so that no act can forget to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from synthcore.exchange.account import Account, Position
from synthcore.exchange.matching import Matching
from synthcore.exchange.orders import Order

Kind = TypeVar("Kind", bound=msgspec.Struct)

QUEUE_PLACE = "ahead_lots"  # moves with the market, far more often than anything else of an order


class Changes:
    """Orders, positions, books and tickers that changed, each once, in the order of their first change."""

    def __init__(self) -> None:
        self.orders: dict[Order, None] = {}
        self.queue_places: dict[Order, None] = {}
        self.positions: dict[Position, Account] = {}
        self.books: dict[Matching, None] = {}  # what was taken of the market's levels
        self.tickers: dict[str, None] = {}  # symbols
        self.order_kind = watched(Order, self._note_order)

    def __bool__(self) -> bool:
        return bool(self.orders or self.queue_places or self.positions or self.books or self.tickers)

    def position_kind(self, account: Account) -> type[Position]:
        """Positions of one account."""

        def note(position: Position, name: str) -> None:
            self.positions[position] = account

        return watched(Position, note)

    def note_book(self, book: Matching) -> None:
        self.books[book] = None

    def note_ticker(self, symbol: str) -> None:
        self.tickers[symbol] = None

    def clear(self) -> None:
        for noted in (self.orders, self.queue_places, self.positions, self.books, self.tickers):
            noted.clear()

    def _note_order(self, order: Order, name: str) -> None:
        if name == QUEUE_PLACE:
            self.queue_places[order] = None
        else:
            self.orders[order] = None


def watched(kind: type[Kind], note: Callable[[Kind, str], None]) -> type[Kind]:
    """The same kind, whose new and changed instances are noted, with the name of what changed."""
    set_field = kind.__setattr__

    def __setattr__(self: Kind, name: str, value: object) -> None:
        if getattr(self, name) is not value:
            set_field(self, name, value)
            note(self, name)

    def __post_init__(self: Kind) -> None:
        note(self, "")

    return msgspec.defstruct(  # type: ignore[return-value]
        kind.__name__,
        (),
        bases=(kind,),
        namespace={"__setattr__": __setattr__, "__post_init__": __post_init__},
        kw_only=True,
        eq=False,
    )
