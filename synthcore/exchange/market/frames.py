"""Public frames of Bybit V5 linear, written exactly as Bybit writes them: key order and number text.

Values come in as text; `Digits` makes the text. Nothing here needs escaping: symbols are letters and
digits, numbers are digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from synthcore.exchange.market.book_text import book_text

Pair = tuple[str, str]  # price, size
KEPT_TEXTS = 512


class MarketFrame(NamedTuple):
    """One public frame and when it is due, ns from the start."""

    due_ns: int
    topic: str
    text: bytes


class PrintedTrade(NamedTuple):
    """One entry of a `publicTrade` frame."""

    time_ms: int
    side: str  # taker
    size: str
    price: str
    direction: str  # PlusTick, ZeroPlusTick, MinusTick, ZeroMinusTick
    trade_id: str
    seq: int


class Digits:
    """How one contract's numbers are written: integers of ticks and lots to text.

    Books of 50 and 200 levels and tickers print the step's own decimals ("79017.20"); level 1 strips
    trailing zeros ("79017.2").
    """

    def __init__(self, step: str) -> None:
        self.step = Decimal(step)
        self.decimals = max(0, -_exponent(self.step))
        self.scale = int(self.step.scaleb(self.decimals))
        self._ten = 10**self.decimals
        # The same prices and sizes are written over and over; hundreds of contracts keep some each.
        self.text = lru_cache(maxsize=KEPT_TEXTS)(self._text)
        self.short = lru_cache(maxsize=KEPT_TEXTS)(self._short)

    def _text(self, units: int) -> str:
        """`units` steps, with all decimals of the step's text."""
        if not self.decimals:
            return str(units * self.scale)
        whole, part = divmod(units * self.scale, self._ten)
        return f"{whole}.{part:0{self.decimals}d}"

    def _short(self, units: int) -> str:
        """`units` steps, without trailing zeros."""
        full = self._text(units)
        return full.rstrip("0").rstrip(".") if self.decimals else full

    def units(self, number: str) -> int:
        """Read a number back into steps, rounded to the nearest."""
        return round(Decimal(number) / self.step)


def ticker_frame(symbol: str, kind: str, fields: Mapping[str, str], cs: int, ts_ms: int) -> bytes:
    """`tickers.{symbol}`; `fields` without the symbol, in Bybit's order."""
    data = "".join([f',"{name}":"{value}"' for name, value in fields.items()])
    return (
        f'{{"topic":"tickers.{symbol}","type":"{kind}","data":{{"symbol":"{symbol}"{data}}},"cs":{cs},"ts":{ts_ms}}}'
    ).encode()


def book_frame(
    depth: int,
    symbol: str,
    kind: str,
    bids: Iterable[Pair],
    asks: Iterable[Pair],
    *,
    u: int,
    seq: int,
    ts_ms: int,
    cts_ms: int,
) -> bytes:
    """`orderbook.{depth}.{symbol}`."""
    return book_text(depth, symbol, kind, _pairs(bids), _pairs(asks), u, seq, ts_ms, cts_ms)


def rpi_frame(
    symbol: str, kind: str, bids: Iterable[Pair], asks: Iterable[Pair], *, u: int, seq: int, now_ms: int
) -> bytes:
    """`orderbook.rpi.{symbol}`: each level has a third field, the size of its RPI orders, which is 0 here."""
    sides = [",".join([f'["{price}","{size}","0"]' for price, size in side]) for side in (bids, asks)]
    return (
        f'{{"topic":"orderbook.rpi.{symbol}","ts":{now_ms},"type":"{kind}","data":{{"s":"{symbol}",'
        f'"b":[{sides[0]}],"a":[{sides[1]}],"u":{u},"seq":{seq}}},"cts":{now_ms}}}'
    ).encode()


def trade_frame(symbol: str, trades: Iterable[PrintedTrade], ts_ms: int) -> bytes:
    """`publicTrade.{symbol}`, oldest first."""
    entries = ",".join(
        [
            f'{{"T":{time_ms},"s":"{symbol}","S":"{side}","v":"{size}","p":"{price}","L":"{direction}",'
            f'"i":"{trade_id}","BT":false,"RPI":false,"seq":{seq}}}'
            for time_ms, side, size, price, direction, trade_id, seq in trades
        ]
    )
    return f'{{"topic":"publicTrade.{symbol}","type":"snapshot","ts":{ts_ms},"data":[{entries}]}}'.encode()


def trade_row(symbol: str, trade: PrintedTrade) -> dict[str, Any]:
    """One entry of such a frame, as whoever reads it has it."""
    time_ms, side, size, price, direction, trade_id, seq = trade
    return {
        "T": time_ms,
        "s": symbol,
        "S": side,
        "v": size,
        "p": price,
        "L": direction,
        "i": trade_id,
        "BT": False,
        "RPI": False,
        "seq": seq,
    }


def next_funding_ms(now_ms: int, interval_minutes: int) -> int:
    """The next settlement on the UTC grid of a contract's funding interval."""
    interval_ms = interval_minutes * 60_000
    return (now_ms // interval_ms + 1) * interval_ms


def _pairs(levels: Iterable[Pair]) -> bytes:
    return ",".join([f'["{price}","{size}"]' for price, size in levels]).encode()


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # a step is a finite number
    return exponent
