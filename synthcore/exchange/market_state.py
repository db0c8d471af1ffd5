"""The market as its frames add up: merged tickers and book levels per symbol."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from synthcore.exchange.book import Level, Levels


class Frame(Struct):
    """The envelope of a public frame."""

    type: str = "snapshot"
    data: Raw = Raw(b"{}")


class BookData(Struct):
    """Changed levels of a book frame; all levels in a snapshot."""

    b: list[tuple[str, str]] = []
    a: list[tuple[str, str]] = []


_decode_frame = msgspec.json.Decoder(Frame).decode
_decode_ticker = msgspec.json.Decoder(dict[str, str]).decode
_decode_book = msgspec.json.Decoder(BookData).decode

NOTHING: Mapping[str, str] = {}


class Ladder:
    """One side of one book, kept in order on demand."""

    def __init__(self, descending: bool) -> None:
        self._sizes: dict[Decimal, Decimal] = {}
        self._descending = descending
        self._levels: list[Level] | None = None

    def apply(self, changes: list[tuple[str, str]], *, replace: bool) -> None:
        if replace:
            self._sizes = {Decimal(price): Decimal(qty) for price, qty in changes}
        for price_text, qty_text in () if replace else changes:
            price, qty = Decimal(price_text), Decimal(qty_text)
            if qty:
                self._sizes[price] = qty
            else:
                self._sizes.pop(price, None)
        if replace or changes:
            self._levels = None

    def levels(self) -> list[Level]:
        if self._levels is None:
            self._levels = sorted(self._sizes.items(), reverse=self._descending)
        return self._levels


class SymbolState:
    """Ticker and book of one symbol."""

    def __init__(self) -> None:
        self.ticker: dict[str, str] = {}
        self.depth = 0  # of the book that is kept: the deepest that was seen
        self.bids = Ladder(descending=True)
        self.asks = Ladder(descending=False)


class MarketState:
    """Applies public frames and answers what the market looks like now."""

    def __init__(self) -> None:
        self._symbols: dict[str, SymbolState] = {}

    def apply(self, topic: str, text: bytes) -> None:
        """Apply one frame of `tickers.*` or `orderbook.*`; other topics change nothing here."""
        kind, _, rest = topic.partition(".")
        if kind == "tickers":
            self._apply_ticker(self._symbol(rest), _decode_frame(text))
        elif kind == "orderbook":
            depth, _, symbol = rest.partition(".")
            self._apply_book(self._symbol(symbol), int(depth), _decode_frame(text))

    def _symbol(self, symbol: str) -> SymbolState:
        state = self._symbols.get(symbol)
        if state is None:
            state = self._symbols[symbol] = SymbolState()
        return state

    def _apply_ticker(self, state: SymbolState, frame: Frame) -> None:
        changed = _decode_ticker(frame.data)
        state.ticker = changed if frame.type == "snapshot" else {**state.ticker, **changed}

    def _apply_book(self, state: SymbolState, depth: int, frame: Frame) -> None:
        """Only the deepest book is kept: a shallow one would hide what is behind its last level."""
        if depth < state.depth:
            return
        state.depth = depth
        data, replace = _decode_book(frame.data), frame.type == "snapshot"
        state.bids.apply(data.b, replace=replace)
        state.asks.apply(data.a, replace=replace)

    # Questions

    def ticker(self, symbol: str) -> Mapping[str, str]:
        state = self._symbols.get(symbol)
        return state.ticker if state is not None else NOTHING

    def bids(self, symbol: str) -> Levels:
        state = self._symbols.get(symbol)
        return state.bids.levels() if state is not None else []

    def asks(self, symbol: str) -> Levels:
        state = self._symbols.get(symbol)
        return state.asks.levels() if state is not None else []

    def mark(self, symbol: str) -> Decimal | None:
        return self._number(symbol, "markPrice")

    def last(self, symbol: str) -> Decimal | None:
        return self._number(symbol, "lastPrice")

    def _number(self, symbol: str, field: str) -> Decimal | None:
        value = self.ticker(symbol).get(field, "")
        return Decimal(value) if value else None
