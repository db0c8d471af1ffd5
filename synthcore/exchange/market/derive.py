"""Topics that a recording lacks, made from those it has, so that any client finds what it asks for.

Per symbol: level 1 and the 50-level book from the deepest book, else from the ticker's own best prices;
the ticker from the deepest book. Nothing is invented beyond what follows from the source: mark and index
of a derived ticker are the mid, its open interest is 0, and its funding rate is the usual 0.01 %.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from synthcore.exchange.market.frames import (
    Digits,
    Pair,
    book_frame,
    next_funding_ms,
    ticker_frame,
)
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.market.ticker_fields import TickerFields, percent_text, tick_direction

BOOKS = (1, 50)
TICKER_PERIOD_NS = 100_000_000
FUNDING_RATE = "0.0001"
NEVER_NS = 1 << 62

Sides = tuple[Sequence[Pair], Sequence[Pair]]


class SymbolDerivation:
    """Makes the missing topics of one symbol.

    Parameters
    ----------
    raw
        Its `instruments-info` entry.
    kinds
        Kinds of topic that the recording has of it: "tickers", "orderbook.200", …
    state
        The merged state of the recording's own frames; read only.
    """

    def __init__(self, raw: Mapping[str, Any], kinds: Collection[str], state: MarketState) -> None:
        depths = [int(kind.partition(".")[2]) for kind in kinds if kind.startswith("orderbook.")]
        self.symbol = str(raw["symbol"])
        self._state = state
        self._source_depth = max(depths, default=0)  # 0: the ticker is the source
        has_source = bool(depths) or "tickers" in kinds
        self._books = [
            DerivedBook(depth, self.symbol) for depth in BOOKS if has_source and depth not in depths
        ]
        self._ticker = DerivedTicker(raw) if depths and "tickers" not in kinds else None

    @property
    def topics(self) -> list[str]:
        kinds = [f"orderbook.{book.depth}" for book in self._books] + (["tickers"] if self._ticker else [])
        return [f"{kind}.{self.symbol}" for kind in kinds]

    @property
    def ticker_due_ns(self) -> int:
        """When the ticker is to be pushed; never, while nothing changed."""
        return self._ticker.due_ns if self._ticker else NEVER_NS

    def books_after(self, at_ns: int, ts_ms: int, cts_ms: int) -> Iterator[tuple[str, bytes]]:
        """The books, topic and text, after a frame of this symbol was applied."""
        sides = self._sides()
        if sides is None:
            return
        if self._ticker is not None:
            self._ticker.ask(at_ns)
        seq = self._state.cross_sequence(self.symbol)
        for book in self._books:
            text = book.after(sides, seq, ts_ms, cts_ms)
            if text is not None:
                yield f"orderbook.{book.depth}.{self.symbol}", text

    def push_ticker(self, ts_ms: int) -> Iterator[tuple[str, bytes]]:
        """The ticker that is due, topic and text."""
        sides = self._sides()
        if self._ticker is None or sides is None:
            return
        seq = self._state.cross_sequence(self.symbol)
        text = self._ticker.push(sides, self._last_trade(), seq, ts_ms)
        if text is not None:
            yield f"tickers.{self.symbol}", text

    def _sides(self) -> Sides | None:
        if self._source_depth:
            bids, asks = self._state.written(self.symbol, self._source_depth)
        else:
            ticker = self._state.ticker(self.symbol)
            bids, asks = _best(ticker, "bid1"), _best(ticker, "ask1")
        return (bids, asks) if bids and asks else None

    def _last_trade(self) -> str | None:
        trades = self._state.trades(self.symbol)
        return str(trades[-1]["p"]) if trades and "p" in trades[-1] else None


class DerivedBook:
    """The best levels of a deeper book, as a stream of their own."""

    def __init__(self, depth: int, symbol: str) -> None:
        self.depth = depth
        self._symbol = symbol
        self._shown: tuple[dict[str, str], dict[str, str]] | None = None
        self._u = 0

    def after(self, sides: Sides, seq: int, ts_ms: int, cts_ms: int) -> bytes | None:
        """The frame that follows a change, if it concerns these levels."""
        now = dict(sides[0][: self.depth]), dict(sides[1][: self.depth])
        before, self._shown = self._shown, now
        if before == now:
            return None
        self._u += 1
        # Level 1 is always sent whole, as Bybit does.
        if before is None or self.depth == 1:
            kind, bids, asks = "snapshot", list(now[0].items()), list(now[1].items())
        else:
            kind, bids, asks = "delta", _changes(before[0], now[0]), _changes(before[1], now[1])
        if self.depth == 1:
            bids, asks = [_short(pair) for pair in bids], [_short(pair) for pair in asks]
        return book_frame(
            self.depth, self._symbol, kind, bids, asks, u=self._u, seq=seq, ts_ms=ts_ms, cts_ms=cts_ms
        )


class DerivedTicker:
    """A ticker from a book: last, mark and index at the mid, unless trades tell the last price."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.due_ns = NEVER_NS
        self._symbol = str(raw["symbol"])
        self._price = Digits(raw["priceFilter"]["tickSize"])
        self._quantum = Decimal(1).scaleb(-int(raw["priceScale"]))
        self._interval_minutes = int(raw["fundingInterval"])
        self._fields = TickerFields()
        self._fields.set(
            openInterest="0",
            openInterestValue="0",
            singleOpenInterest="0",
            singleOpenInterestValue="0",
            turnover24h="0.0000",
            volume24h="0.0000",
            fundingIntervalHour=str(self._interval_minutes // 60),
            fundingCap=str(raw["upperFundingRate"]),
            fundingRate=FUNDING_RATE,
        )
        self._first_ticks = 0
        self._last_ticks = 0
        self._high_ticks = 0
        self._low_ticks = 0
        self._direction = "ZeroPlusTick"

    def ask(self, at_ns: int) -> None:
        """Something changed: push at the next point of the 100 ms grid."""
        grid_ns = -(-at_ns // TICKER_PERIOD_NS) * TICKER_PERIOD_NS
        self.due_ns = min(self.due_ns, grid_ns)

    def push(self, sides: Sides, last_trade: str | None, cs: int, ts_ms: int) -> bytes | None:
        self.due_ns = NEVER_NS
        kind = "delta" if self._fields.was_published else "snapshot"
        (bid, bid_size), (ask, ask_size) = sides[0][0], sides[1][0]
        mid = (Decimal(bid) + Decimal(ask)) / 2
        self._trade(self._price.units(last_trade) if last_trade else self._price.units(str(mid)))
        mid_text = str(mid.quantize(self._quantum, ROUND_HALF_EVEN))
        self._fields.set(
            markPrice=mid_text,
            indexPrice=mid_text,
            nextFundingTime=str(next_funding_ms(ts_ms, self._interval_minutes)),
            bid1Price=bid,
            bid1Size=bid_size,
            ask1Price=ask,
            ask1Size=ask_size,
        )
        changes = self._fields.take_changes()
        return ticker_frame(self._symbol, kind, changes, cs, ts_ms) if changes else None

    def _trade(self, ticks: int) -> None:
        if not self._fields.was_published:
            self._first_ticks = self._last_ticks = self._high_ticks = self._low_ticks = ticks
        self._direction = tick_direction(ticks, self._last_ticks, self._direction)
        self._last_ticks = ticks
        self._high_ticks, self._low_ticks = max(self._high_ticks, ticks), min(self._low_ticks, ticks)
        price = self._price.text
        self._fields.set(
            tickDirection=self._direction,
            price24hPcnt=percent_text(ticks / self._first_ticks - 1) if self._first_ticks else "0",
            lastPrice=price(ticks),
            prevPrice24h=price(self._first_ticks),
            highPrice24h=price(self._high_ticks),
            lowPrice24h=price(self._low_ticks),
            prevPrice1h=price(self._first_ticks),
        )


def _best(ticker: Mapping[str, str], side: str) -> Sequence[Pair]:
    price, size = ticker.get(f"{side}Price", ""), ticker.get(f"{side}Size", "")
    return [(price, size)] if price and size and Decimal(size) else []


def _changes(before: dict[str, str], now: dict[str, str]) -> list[Pair]:
    changed = [(price, size) for price, size in now.items() if before.get(price) != size]
    return changed + [(price, "0") for price in before if price not in now]


def _short(pair: Pair) -> Pair:
    return _stripped(pair[0]), _stripped(pair[1])


def _stripped(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
