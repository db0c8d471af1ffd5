"""The reference decoder: what a frame says, by msgspec; it decides wherever the compiled scanner is in doubt.

Rules beyond JSON itself:

- `ts` is the time, `cts` where it is missing; an int of milliseconds.
- A decimal is a string or a number, finite. A ticker's "" means that the side is empty; a missing or null
  field has not changed.
- At depth 1 a message shows at most one level that is there and one that is gone (size zero) on each side.
- The symbol inside the data is the topic's.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
from msgspec import Raw, Struct

# The numbers of `Code` and of HAS_* in ticker.pxd and scanner.h (a test holds them equal).
NOT_MARKET, MALFORMED = 2, 6
TICKER, BOOK1 = 0, 1
BID_PX, BID_QTY, ASK_PX, ASK_QTY, BID_GONE, ASK_GONE = 1, 2, 4, 8, 16, 32

TOPICS = (("tickers.", TICKER), ("orderbook.1.", BOOK1))
LARGEST = 10**15  # of a time in ms or an update id
DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")

Number = str | int | float


class Message(Struct):
    """The fields of one top-of-book message."""

    symbol: str
    source: int
    is_snapshot: bool
    ts_ms: int
    update_id: int = 0
    has: int = 0
    bid_px: float = 0.0
    bid_qty: float = 0.0
    ask_px: float = 0.0
    ask_qty: float = 0.0
    bid_gone_px: float = 0.0
    ask_gone_px: float = 0.0


class _Frame(Struct):
    topic: str | None = None
    type: Any = None
    ts: Any = None
    cts: Any = None
    data: Raw = Raw()


class _Ticker(Struct):
    symbol: str | None = None
    bid1Price: Number | None = None
    bid1Size: Number | None = None
    ask1Price: Number | None = None
    ask1Size: Number | None = None


class _Book1(Struct):
    b: list[tuple[Number, Number]]
    a: list[tuple[Number, Number]]
    u: int
    s: str | None = None


class _Malformed(Exception):
    """A frame of our topics that doesn't keep the rules."""


_decode_frame = msgspec.json.Decoder(_Frame).decode
_decode_ticker = msgspec.json.Decoder(_Ticker).decode
_decode_book1 = msgspec.json.Decoder(_Book1).decode


def decode(frame: bytes) -> Message | int:
    """Read a frame: its message, or the code NOT_MARKET or MALFORMED. Never raises."""
    try:
        envelope = _decode_frame(frame)
        for prefix, source in TOPICS:
            if envelope.topic is not None and envelope.topic.startswith(prefix):
                return _read(envelope, envelope.topic.removeprefix(prefix), source)
        return NOT_MARKET
    except (msgspec.DecodeError, UnicodeError, RecursionError, _Malformed):
        return MALFORMED


def _read(envelope: _Frame, symbol: str, source: int) -> Message:
    if envelope.type not in ("snapshot", "delta"):
        raise _Malformed
    message = Message(
        symbol=symbol,
        source=source,
        is_snapshot=envelope.type == "snapshot",
        ts_ms=_counted(envelope.cts if envelope.ts is None else envelope.ts),
    )
    if source == TICKER:
        ticker = _decode_ticker(envelope.data)
        _require_same(ticker.symbol, symbol)
        _read_ticker(ticker, message)
    else:
        book = _decode_book1(envelope.data)
        _require_same(book.s, symbol)
        message.update_id = _counted(book.u)
        _read_bids(book.b, message)
        _read_asks(book.a, message)
    return message


def _read_ticker(ticker: _Ticker, message: Message) -> None:
    if "" in (ticker.bid1Price, ticker.bid1Size):
        message.has |= BID_GONE
    if "" in (ticker.ask1Price, ticker.ask1Size):
        message.has |= ASK_GONE
    if ticker.bid1Price not in (None, ""):
        message.bid_px, message.has = _decimal(ticker.bid1Price), message.has | BID_PX
    if ticker.bid1Size not in (None, ""):
        message.bid_qty, message.has = _decimal(ticker.bid1Size), message.has | BID_QTY
    if ticker.ask1Price not in (None, ""):
        message.ask_px, message.has = _decimal(ticker.ask1Price), message.has | ASK_PX
    if ticker.ask1Size not in (None, ""):
        message.ask_qty, message.has = _decimal(ticker.ask1Size), message.has | ASK_QTY


def _read_bids(levels: list[tuple[Number, Number]], message: Message) -> None:
    there, gone = _sort_out(levels)
    if there is not None:
        (message.bid_px, message.bid_qty), message.has = there, message.has | BID_PX | BID_QTY
    if gone is not None:
        message.bid_gone_px, message.has = gone, message.has | BID_GONE


def _read_asks(levels: list[tuple[Number, Number]], message: Message) -> None:
    there, gone = _sort_out(levels)
    if there is not None:
        (message.ask_px, message.ask_qty), message.has = there, message.has | ASK_PX | ASK_QTY
    if gone is not None:
        message.ask_gone_px, message.has = gone, message.has | ASK_GONE


def _sort_out(levels: list[tuple[Number, Number]]) -> tuple[tuple[float, float] | None, float | None]:
    """Split one side into the level that is there and the price that is gone."""
    sized = [(_decimal(price), _decimal(size)) for price, size in levels]
    there = [level for level in sized if level[1] != 0.0]
    gone = [price for price, size in sized if size == 0.0]
    if len(there) > 1 or len(gone) > 1:
        raise _Malformed
    return (there[0] if there else None), (gone[0] if gone else None)


def _decimal(value: Number | None) -> float:
    if isinstance(value, str) and not DECIMAL.fullmatch(value):
        raise _Malformed
    try:
        number = float(value)  # type: ignore[arg-type]  # never None here
    except OverflowError as error:  # an int beyond double
        raise _Malformed from error
    if not math.isfinite(number):
        raise _Malformed
    return number


def _counted(value: Any) -> int:
    if type(value) is not int or not 0 <= value < LARGEST:
        raise _Malformed
    return value


def _require_same(inner: str | None, symbol: str) -> None:
    if inner is not None and inner != symbol:
        raise _Malformed
