"""The market's last frames, kept undecoded: book numbers and recent trades are read when somebody asks."""

from __future__ import annotations

from collections import deque

import msgspec
from msgspec import Struct

KEPT_TRADE_FRAMES = 500  # per symbol


class BookNumbers(Struct):
    """The numbers of a book frame."""

    u: int = 0
    seq: int = 0


class BookStamp(Struct):
    """Times and numbers of the last book frame of a symbol."""

    ts: int = 0
    cts: int = 0
    data: BookNumbers = msgspec.field(default_factory=BookNumbers)


class PrintedTrade(Struct, rename={"time_ms": "T", "side": "S", "price": "p", "qty": "v", "trade_id": "i"}):
    """One entry of a `publicTrade` frame."""

    time_ms: int
    side: str
    price: str
    qty: str
    trade_id: str
    seq: int = 0
    is_block: bool = msgspec.field(default=False, name="BT")
    is_rpi: bool = msgspec.field(default=False, name="RPI")


class TradeFrame(Struct):
    data: list[PrintedTrade]


decode_book_stamp = msgspec.json.Decoder(BookStamp).decode
decode_trades = msgspec.json.Decoder(TradeFrame).decode


class Tape:
    """Remembers frames by symbol; costs nothing until it is read."""

    def __init__(self) -> None:
        self._books: dict[str, bytes] = {}
        self._trades: dict[str, deque[bytes]] = {}

    def saw_book(self, symbol: str, text: bytes) -> None:
        self._books[symbol] = text

    def saw_trades(self, symbol: str, text: bytes) -> None:
        frames = self._trades.get(symbol)
        if frames is None:
            frames = self._trades[symbol] = deque(maxlen=KEPT_TRADE_FRAMES)
        frames.append(text)

    def book_stamp(self, symbol: str) -> BookStamp:
        text = self._books.get(symbol)
        return decode_book_stamp(text) if text is not None else BookStamp()

    def trades(self, symbol: str, limit: int) -> list[PrintedTrade]:
        """The last trades, newest first."""
        found: list[PrintedTrade] = []
        for text in reversed(self._trades.get(symbol, ())):
            found += reversed(decode_trades(text).data)
            if len(found) >= limit:
                break
        return found[:limit]
