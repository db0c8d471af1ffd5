"""A market that stands still: the same quotes for ever, for tests in which prices must not move.

What clients take of a level is gone until the market shows it in another size. So that a long run never
uses the levels up, each minute but the first begins with a frame in which they have one lot more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.exchange.decimals import text
from synthcore.exchange.market.frames import Digits, MarketFrame, Pair, next_funding_ms
from synthcore.exchange.market.instruments import Instrument, instruments_for, settling_each

LEVELS = 50
PERIOD_NS = 1_000_000_000
PERIOD_MS = 1000
REFILL_BEATS = 60


class Quote(Struct, frozen=True):
    """Where a contract stands still."""

    price: str  # of the best bid
    level_qty: str


QUOTES = {
    "BTCUSDT": Quote("60000", "2"),
    "ETHUSDT": Quote("3000", "20"),
    "SOLUSDT": Quote("150", "200"),
    "XRPUSDT": Quote("2", "20000"),
    "DOGEUSDT": Quote("0.2", "200000"),
}


class SteadyMarket:
    """One bid and ask ladder per symbol, each level of one size, sent anew each second, full each minute.

    Parameters
    ----------
    start_ms
        Epoch of the first frame's times.
    funding_minutes
        Between settlements; 0: each contract's own.
    """

    def __init__(self, symbols: Sequence[str], start_ms: int, funding_minutes: int = 0) -> None:
        unknown = [symbol for symbol in symbols if symbol not in QUOTES]
        if unknown:
            raise ConfigError(
                f"symbols of the steady market must be among {', '.join(QUOTES)}, was {unknown[0]}"
                " (setting symbols); take one of these, or another market"
            )
        self.instruments = settling_each(instruments_for(symbols), funding_minutes)
        self._symbols = symbols
        self._start_ms = start_ms

    @property
    def topics(self) -> frozenset[str]:
        kinds = ("tickers", "orderbook.1", f"orderbook.{LEVELS}")
        return frozenset(f"{kind}.{symbol}" for kind in kinds for symbol in self._symbols)

    def frames(self) -> Iterator[MarketFrame]:
        beat = 0
        while True:
            for raw in self.instruments:
                for topic, message in self._messages(raw, beat):
                    yield MarketFrame(beat * PERIOD_NS, topic, msgspec.json.encode(message))
            beat += 1

    def _messages(self, raw: Instrument, beat: int) -> Iterator[tuple[str, dict[str, object]]]:
        now_ms = self._start_ms + beat * PERIOD_MS
        bids, asks = ladder(raw)
        refills, beats_since = divmod(beat, REFILL_BEATS)
        seq = beat + refills + 1
        yield f"tickers.{raw['symbol']}", ticker_message(raw, bids[0], asks[0], seq, now_ms)
        if refills and not beats_since:
            yield from book_messages(raw, ladder(raw, more_lots=1), seq - 1, now_ms)
        yield from book_messages(raw, (bids, asks), seq, now_ms)


def book_messages(
    raw: Instrument, sides: tuple[list[Pair], list[Pair]], seq: int, now_ms: int
) -> Iterator[tuple[str, dict[str, object]]]:
    """Both books, whole."""
    symbol, (bids, asks) = str(raw["symbol"]), sides
    for depth in (1, LEVELS):
        topic = f"orderbook.{depth}.{symbol}"
        data = {"s": symbol, "b": bids[:depth], "a": asks[:depth], "u": seq, "seq": seq}
        yield topic, {"topic": topic, "type": "snapshot", "ts": now_ms, "data": data, "cts": now_ms}


def ladder(raw: Instrument, more_lots: int = 0) -> tuple[list[Pair], list[Pair]]:
    """Bids and asks, one tick apart, best first."""
    quote = QUOTES[str(raw["symbol"])]
    price, lot = Digits(raw["priceFilter"]["tickSize"]), Digits(raw["lotSizeFilter"]["qtyStep"])
    best, size = price.units(quote.price), lot.text(lot.units(quote.level_qty) + more_lots)
    bids = [(price.text(best - level), size) for level in range(LEVELS)]
    asks = [(price.text(best + level + 1), size) for level in range(LEVELS)]
    return bids, asks


def ticker_message(
    raw: Instrument, best_bid: Pair, best_ask: Pair, cs: int, now_ms: int
) -> dict[str, object]:
    """A ticker snapshot; mark, index and last stand at the best bid."""
    symbol, minutes = str(raw["symbol"]), int(raw["fundingInterval"])
    bid = best_bid[0]
    prices = ("lastPrice", "prevPrice24h", "highPrice24h", "lowPrice24h", "prevPrice1h", "markPrice")
    data = {
        "symbol": symbol,
        "tickDirection": "ZeroPlusTick",
        "price24hPcnt": "0",
        **{name: bid for name in (*prices, "indexPrice")},
        "openInterest": "1000",
        "openInterestValue": text(1000 * Decimal(bid)),
        "turnover24h": "0.0000",
        "volume24h": "0.0000",
        "fundingIntervalHour": str(minutes // 60),
        "fundingCap": "0.005",
        "nextFundingTime": str(next_funding_ms(now_ms, minutes)),
        "fundingRate": "0.0001",
        "bid1Price": bid,
        "bid1Size": best_bid[1],
        "ask1Price": best_ask[0],
        "ask1Size": best_ask[1],
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
    }
    topic = f"tickers.{symbol}"
    return {"topic": topic, "type": "snapshot", "data": data, "cs": cs, "ts": now_ms}
