"""A market that costs next to nothing: a ladder a contract, that walks."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import count

import msgspec

from synthcore.exchange.market.frames import Digits, MarketFrame, Pair, book_frame
from synthcore.exchange.market.instruments import Instrument, instruments_for
from synthcore.exchange.steady import QUOTES, ticker_message

SYMBOLS = tuple(QUOTES)
LEVELS = 8
SPACING_BPS = Decimal("0.5")  # from one level to the next
STEPS = (-2, -1, -1, 0, 0, 0, 0, 0, 1, 1, 2)  # levels that a ladder walks at a frame
SIZE_USDT = (300, 3000)  # of a level
RESIZED = 4  # levels whose size is another at each frame
BOOK_EVERY_MS = 1500
TICKERS_EVERY = 8  # books

encode = msgspec.json.Encoder().encode


class Walk:
    """Where every ladder stands: kept over the lives of an exchange, so that its prices go on."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(f"{seed}/market")
        self.instruments = instruments_for(SYMBOLS)
        self.ladders = [LadderWalk(raw, self.source) for raw in self.instruments]


class WalkingMarket:
    """A `MarketSource`: one book frame a contract and period, and a ticker now and then.

    Parameters
    ----------
    start_ms
        Epoch of the first frame.
    """

    def __init__(self, walk: Walk, start_ms: int) -> None:
        self._walk = walk
        self._start_ms = start_ms

    @property
    def instruments(self) -> Sequence[Instrument]:
        return self._walk.instruments

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(f"{kind}.{symbol}" for kind in ("tickers", "orderbook.50") for symbol in SYMBOLS)

    def frames(self) -> Iterator[MarketFrame]:
        between_ms = BOOK_EVERY_MS // len(SYMBOLS)  # the contracts take turns, but for the first frames
        for beat in count():
            for place, ladder in enumerate(self._walk.ladders):
                due_ms = beat * BOOK_EVERY_MS + (place * between_ms if beat else 0)
                due_ns, now_ms = due_ms * 1_000_000, self._start_ms + due_ms
                if beat % TICKERS_EVERY == 0:
                    yield MarketFrame(due_ns, f"tickers.{ladder.symbol}", ladder.ticker(now_ms))
                yield MarketFrame(due_ns, f"orderbook.50.{ladder.symbol}", ladder.book(now_ms, beat == 0))


class LadderWalk:
    """One contract's levels, in ticks."""

    def __init__(self, raw: Instrument, source: random.Random) -> None:
        self.symbol = str(raw["symbol"])
        self._raw = raw
        self._source = source
        self._price = Digits(raw["priceFilter"]["tickSize"])
        self._lot = Digits(raw["lotSizeFilter"]["qtyStep"])
        start = Decimal(QUOTES[self.symbol].price)
        self._middle = self._price.units(QUOTES[self.symbol].price)
        self._spacing = max(1, int(start * SPACING_BPS / 10_000 / Decimal(raw["priceFilter"]["tickSize"])))
        self._lots = [self._lot.units(f"{usdt / start:.6f}") for usdt in SIZE_USDT]
        self._number = 0
        self._seq = 0

    def book(self, now_ms: int, is_first: bool) -> bytes:
        """The next frame: a snapshot at first, then what has changed."""
        self._number = 1 if is_first else self._number + 1
        self._seq += 1
        before = () if is_first else self._prices()
        step = 0 if is_first else self._source.choice(STEPS)
        self._middle += step * self._spacing
        sides = self._prices()
        if is_first:
            bids, asks = ([self._level(price) for price in side] for side in sides)
        else:
            bids, asks = (self._changes(old, new) for old, new in zip(before, sides, strict=True))
        kind, number, seq = "snapshot" if is_first else "delta", self._number, self._seq
        return book_frame(50, self.symbol, kind, bids, asks, u=number, seq=seq, ts_ms=now_ms, cts_ms=now_ms)

    def ticker(self, now_ms: int) -> bytes:
        self._seq += 1
        best_bid, best_ask = (self._level(side[0]) for side in self._prices())
        return encode(ticker_message(self._raw, best_bid, best_ask, self._seq, now_ms))

    def _prices(self) -> tuple[range, range]:
        """Bids and asks, best first."""
        reach = LEVELS * self._spacing
        bids = range(self._middle, self._middle - reach, -self._spacing)
        return bids, range(self._middle + self._spacing, self._middle + self._spacing + reach, self._spacing)

    def _changes(self, old: range, new: range) -> list[Pair]:
        """Levels that came and went, and new sizes for the best ones."""
        gone = [(self._price.text(price), "0") for price in old if price not in new]
        come = [self._level(price) for price in new if price not in old or price in new[:RESIZED]]
        return gone + come

    def _level(self, price: int) -> Pair:
        return self._price.text(price), self._lot.text(self._source.randint(*self._lots))
