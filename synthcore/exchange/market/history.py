"""What the market was since the exchange began: candles, open interest."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Protocol

from msgspec import Struct

from synthcore.exchange.decimals import ZERO, round8
from synthcore.exchange.market.candles import Candles
from synthcore.exchange.trades import read_trades

LOOK_MS = 1000  # how often a ticker is looked at
SAMPLE_MS = 5 * 60_000  # the finest interval of open interest
KEPT_PRICE_MINUTES = 24 * 60
KEPT_SAMPLES = 7 * 24 * 12


class Tickers(Protocol):
    """Where the merged tickers are."""

    def ticker(self, symbol: str) -> Mapping[str, str]: ...


class Interest(Struct, frozen=True):
    """Open interest at a point of the five-minute grid, both sides and one."""

    time_ms: int
    both: str
    single: str


class MarketHistory:
    """Follows the market's frames; they are applied to the tickers first.

    Nothing is made up: before the exchange's start there is no history.
    """

    def __init__(self, tickers: Tickers) -> None:
        self._tickers = tickers
        self._symbols: dict[str, SymbolHistory] = {}

    def apply(self, topic: str, text: bytes, now_ms: int) -> None:
        kind, _, symbol = topic.partition(".")
        if kind == "publicTrade":
            self.of(symbol).on_trades(text, now_ms)
        elif kind == "tickers":
            history = self.of(symbol)
            if now_ms >= history.look_ms:
                history.on_ticker(self._tickers.ticker(symbol), now_ms)

    def of(self, symbol: str) -> SymbolHistory:
        history = self._symbols.get(symbol)
        if history is None:
            history = self._symbols[symbol] = SymbolHistory()
        return history


class SymbolHistory:
    """One contract's past."""

    def __init__(self) -> None:
        self.candles = Candles()
        self.mark = Candles(KEPT_PRICE_MINUTES)
        self.index = Candles(KEPT_PRICE_MINUTES)
        self.premium = Candles(KEPT_PRICE_MINUTES)  # of the mark over the index, as a fraction
        self.look_ms = 0  # when the ticker is to be looked at again
        self._has_trades = False
        self._interest: deque[Interest] = deque(maxlen=KEPT_SAMPLES)

    def on_trades(self, text: bytes, now_ms: int) -> None:
        for trade in read_trades(text):
            self.add_trade(trade.price, trade.qty, now_ms)

    def add_trade(self, price: Decimal, qty: Decimal, now_ms: int) -> None:
        self._has_trades = True
        self.candles.add(price, qty, now_ms)

    def on_ticker(self, ticker: Mapping[str, str], now_ms: int) -> None:
        self.look_ms = now_ms + LOOK_MS
        last, mark, index = (price_of(ticker, name) for name in ("lastPrice", "markPrice", "indexPrice"))
        if last is not None and not self._has_trades:
            self.candles.add(last, ZERO, now_ms)  # a market without trades has candles of its last price
        if mark is not None:
            self.mark.add(mark, ZERO, now_ms)
        if index is not None:
            self.index.add(index, ZERO, now_ms)
        if mark is not None and index is not None:
            self.premium.add(round8(mark / index - 1), ZERO, now_ms)
        if ticker.get("openInterest"):
            self._sample(ticker["openInterest"], ticker.get("singleOpenInterest", ""), now_ms)

    def interest(self, width_ms: int) -> Iterator[Interest]:
        """Newest first, one a span: the first that was heard in it."""
        found: Interest | None = None
        for sample in reversed(self._interest):
            time_ms = sample.time_ms // width_ms * width_ms
            if found is not None and time_ms != found.time_ms:
                yield found
            found = Interest(time_ms, sample.both, sample.single)
        if found is not None:
            yield found

    def _sample(self, both: str, single: str, now_ms: int) -> None:
        time_ms = now_ms // SAMPLE_MS * SAMPLE_MS
        if not self._interest or self._interest[-1].time_ms < time_ms:
            self._interest.append(Interest(time_ms, both, single))


def price_of(ticker: Mapping[str, str], name: str) -> Decimal | None:
    """A price of a ticker; None where there is none."""
    try:
        price = Decimal(ticker.get(name, ""))
    except InvalidOperation:
        return None
    return price if price.is_finite() and price > 0 else None
