"""The market as its frames add up: merged tickers, books and recent trades. Pure: no clock, no socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from synthcore.exchange.decimals import ZERO
from synthcore.exchange.market.book_side import laid_over
from synthcore.exchange.market.book_state import BookState
from synthcore.exchange.market.frames import Pair, PrintedTrade, trade_row
from synthcore.exchange.market.premium import Premium

Level = tuple[Decimal, Decimal]  # price, quantity

KEPT_TOPICS = 8192  # of which it is known how they are read: all contracts have fewer
KEPT_TRADES = 1000  # per symbol, as many as REST gives
TOLD_BY_TRADES = frozenset({"lastPrice", "volume24h"})  # fields of a ticker that a trade changes
NOTHING: Mapping[str, str] = {}
NO_LEVELS: Sequence[Level] = ()


@lru_cache(maxsize=KEPT_TOPICS)
def parts_of(topic: str) -> tuple[str, str, str]:
    """Kind, depth (of a book) and symbol of a public topic."""
    kind, _, rest = topic.partition(".")
    depth, _, symbol = rest.rpartition(".")
    return kind, depth, symbol


class MarketState:
    """Applies public frames and answers what the market looks like now.

    Prices and quantities are exact. None, or an empty sequence, where nothing was heard yet.
    """

    def __init__(self) -> None:
        self.malformed = 0  # frames that could not be read; they change nothing
        self.uncrossed = 0  # stale levels removed because a newer one of the other side reached them
        self._symbols: dict[str, SymbolState] = {}

    def apply(self, topic: str, text: bytes) -> bool:
        """Apply one frame; topics other than tickers, books and trades change nothing.

        Returns
        -------
        bool
            False where the frame could not be read.
        """
        kind, depth, symbol = parts_of(topic)
        try:
            if kind == "orderbook":
                self.uncrossed += self._symbol(symbol).apply_book(int(depth), text)
            elif kind == "tickers":
                self._symbol(symbol).apply_ticker(_decode_ticker(text))
            elif kind == "publicTrade":
                self._symbol(symbol).apply_trades(_decode_trades(text))
        except (msgspec.DecodeError, UnicodeDecodeError, ArithmeticError, ValueError):
            self.malformed += 1
            return False
        return True

    def add_prints(self, symbol: str, trades: Sequence[PrintedTrade]) -> None:
        """Add trades as a frame of them would."""
        self._symbol(symbol).add_prints(symbol, trades)

    def snapshot(self, topic: str, ts_ms: int) -> bytes | None:
        """The frame that a late subscriber of a topic gets first: same u and seq, old cts, newer ts.

        None where the topic has no snapshot (trades), or where nothing was heard of it yet: then the
        stream's own first frame is one.
        """
        kind, _, rest = topic.partition(".")
        if kind == "tickers" and rest in self._symbols:
            return self._symbols[rest].ticker_snapshot(rest, ts_ms)
        if kind == "orderbook":
            depth, _, symbol = rest.partition(".")
            book = self._book(symbol, int(depth)) if depth.isdecimal() else None
            return book.snapshot(int(depth), symbol, ts_ms) if book is not None else None
        return None

    def ticker(self, symbol: str) -> Mapping[str, str]:
        """All fields of the merged ticker, `symbol` among them."""
        state = self._symbols.get(symbol)
        return state.ticker if state is not None else NOTHING

    def bids(self, symbol: str) -> Sequence[Level]:
        """Best first, of the deepest book, with the freshest top. Not to be changed, nor kept."""
        state = self._symbols.get(symbol)
        return state.merged()[0] if state is not None else NO_LEVELS

    def asks(self, symbol: str) -> Sequence[Level]:
        """Best first, of the deepest book, with the freshest top. Not to be changed, nor kept."""
        state = self._symbols.get(symbol)
        return state.merged()[1] if state is not None else NO_LEVELS

    def levels(self, symbol: str, depth: int) -> tuple[Sequence[Level], Sequence[Level]]:
        """Bids and asks of exactly one stream's book."""
        book = self._book(symbol, depth)
        return (book.bids.levels, book.asks.levels) if book is not None else (NO_LEVELS, NO_LEVELS)

    def written(self, symbol: str, depth: int) -> tuple[Sequence[Pair], Sequence[Pair]]:
        """Bids and asks of one stream's book in the venue's own text, best first."""
        book = self._book(symbol, depth)
        return (book.bids.texts, book.asks.texts) if book is not None else ((), ())

    def cross_sequence(self, symbol: str) -> int:
        """The highest `seq` or `cs` heard of a symbol."""
        state = self._symbols.get(symbol)
        if state is None:
            return 0
        highest = state.cs
        for book in state.books.values():
            if book.seq > highest:
                highest = book.seq
        return highest

    def depths(self, symbol: str) -> list[int]:
        """Of which streams a book is known."""
        state = self._symbols.get(symbol)
        return list(state.books) if state is not None else []

    def numbers(self, symbol: str, depth: int) -> tuple[int, int]:
        """`u` and `seq` of one stream's book; zeros where nothing was heard."""
        book = self._book(symbol, depth)
        return (book.u, book.seq) if book is not None else (0, 0)

    def mark(self, symbol: str) -> Decimal | None:
        state = self._symbols.get(symbol)
        return state.number("markPrice") if state is not None else None

    def last(self, symbol: str) -> Decimal | None:
        """The price of the last print, or of the ticker where that tells of a later trade."""
        state = self._symbols.get(symbol)
        return state.last() if state is not None else None

    def index(self, symbol: str) -> Decimal | None:
        state = self._symbols.get(symbol)
        return state.number("indexPrice") if state is not None else None

    def premium(self, symbol: str) -> Decimal:
        """Of the best prices over the mark, averaged over half a minute."""
        state = self._symbols.get(symbol)
        return state.premium.average if state is not None else ZERO

    def trades(self, symbol: str) -> Sequence[Mapping[str, Any]]:
        """The last trades as Bybit wrote them, oldest first."""
        state = self._symbols.get(symbol)
        return state.trades if state is not None else ()

    def _symbol(self, symbol: str) -> SymbolState:
        state = self._symbols.get(symbol)
        if state is None:
            state = self._symbols[symbol] = SymbolState()
        return state

    def _book(self, symbol: str, depth: int) -> BookState | None:
        state = self._symbols.get(symbol)
        return state.books.get(depth) if state is not None else None


class SymbolState:
    """Ticker, books by depth, and trades of one symbol."""

    def __init__(self) -> None:
        self.ticker: dict[str, str] = {}
        self.books: dict[int, BookState] = {}
        self.trades: deque[Mapping[str, Any]] = deque(maxlen=KEPT_TRADES)
        self.cs = 0
        self.premium = Premium()
        self._ticker_ts_ms = 0
        self._numbers: dict[str, Decimal] = {}  # fields of the ticker that were asked for
        self._merged: tuple[Sequence[Level], Sequence[Level]] | None = None
        self._printed: str | None = None  # the last print's price, until the ticker tells of a trade

    def apply_ticker(self, frame: TickerFrame) -> None:
        self.ticker = frame.data if frame.type == "snapshot" else {**self.ticker, **frame.data}
        self.cs, self._ticker_ts_ms = frame.cs, frame.ts
        if not self._numbers.keys().isdisjoint(frame.data):
            self._numbers.clear()
        if not TOLD_BY_TRADES.isdisjoint(frame.data):
            self._printed = None
        self.premium.note(frame.ts, self.ticker)

    def apply_trades(self, frame: TradeFrame) -> None:
        self.trades.extend(frame.data)
        for trade in frame.data[-1:]:
            self._printed = trade.get("p")
            self.cs = max(self.cs, trade.get("seq", 0))

    def add_prints(self, symbol: str, trades: Sequence[PrintedTrade]) -> None:
        self.trades.extend([trade_row(symbol, trade) for trade in trades])
        self._printed, self.cs = trades[-1].price, max(self.cs, trades[-1].seq)

    def last(self) -> Decimal | None:
        return Decimal(self._printed) if self._printed is not None else self.number("lastPrice")

    def apply_book(self, depth: int, text: bytes) -> int:
        book = self.books.get(depth)
        if book is None:
            book = self.books[depth] = BookState()
        self._merged = None
        return book.apply(text)

    def ticker_snapshot(self, symbol: str, ts_ms: int) -> bytes | None:
        if not self.ticker:
            return None
        # Recorded values may be any text, so this one is really encoded.
        return _encode(
            {
                "topic": f"tickers.{symbol}",
                "type": "snapshot",
                "data": self.ticker,
                "cs": self.cs,
                "ts": max(ts_ms, self._ticker_ts_ms),
            }
        )

    def number(self, field: str) -> Decimal | None:
        known = self._numbers.get(field)
        if known is None:
            text = self.ticker.get(field, "")
            if not text:
                return None
            known = self._numbers[field] = Decimal(text)
        return known

    def merged(self) -> tuple[Sequence[Level], Sequence[Level]]:
        """The deepest book under the freshest top.

        A shallow book is pushed more often than a deep one; `seq` tells which of them is newer. Levels of
        an older book that the newer top has passed are gone.
        """
        if self._merged is None:
            fresh: list[BookState] = []
            for depth in sorted(self.books, reverse=True):
                book = self.books[depth]
                if book.is_two_sided and (not fresh or book.seq >= fresh[-1].seq):
                    fresh.append(book)
            self._merged = (
                laid_over([book.bids for book in fresh]),
                laid_over([book.asks for book in fresh]),
            )
        return self._merged


class TickerFrame(Struct):
    type: str
    data: dict[str, str]
    cs: int = 0
    ts: int = 0


class TradeFrame(Struct):
    data: list[dict[str, Any]]


_encode = msgspec.json.Encoder().encode
_decode_ticker = msgspec.json.Decoder(TickerFrame).decode
_decode_trades = msgspec.json.Decoder(TradeFrame).decode
