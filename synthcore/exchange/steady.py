"""A market that stands still: the same quotes for ever, for tests in which prices must not move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.exchange.decimals import text

LEVELS = 50
PERIOD_NS = 1_000_000_000
PERIOD_MS = 1000
FUNDING_INTERVAL_MS = 8 * 3600 * 1000


class Facts(Struct, frozen=True):
    """What a contract looks like: real rules of 2026-08-24, a round price."""

    price: str
    tick: str
    max_price: str
    step: str
    max_qty: str
    max_market_qty: str
    max_leverage: str
    ratio_x: str
    ratio_y: str
    scale: str
    symbol_id: int
    level_qty: str


FACTS = {
    "BTCUSDT": Facts(
        "60000", "0.10", "1999999.80", "0.001", "1500.000", "150.000", "150.00", "0.01", "0.02", "2", 5, "2"
    ),
    "ETHUSDT": Facts(
        "3000", "0.01", "199999.98", "0.01", "10000.00", "2000.00", "150.00", "0.02", "0.04", "2", 6, "20"
    ),
    "SOLUSDT": Facts(
        "150", "0.010", "199999.980", "0.1", "96000.0", "12000.0", "100.00", "0.05", "0.1", "3", 38, "200"
    ),
    "XRPUSDT": Facts(
        "2", "0.0001", "1999.9998", "0.1", "7500000.0", "1500000.0", "100.00", "0.05", "0.1", "4", 8, "20000"
    ),
    "DOGEUSDT": Facts(
        "0.2", "0.00001", "199.99998", "1", "43678900", "5991100", "75.00", "0.05", "0.1", "5", 33, "200000"
    ),
}


class SteadyFrame(Struct, frozen=True):
    """One public frame and when it is due."""

    due_ns: int
    topic: str
    text: bytes


class SteadyMarket:
    """One bid and ask ladder per symbol, each level of one size, sent anew each second.

    Parameters
    ----------
    start_ms
        Epoch of the first frame's times.
    """

    def __init__(self, symbols: Sequence[str], start_ms: int) -> None:
        unknown = [symbol for symbol in symbols if symbol not in FACTS]
        if unknown:
            raise ConfigError(
                f"symbols of the steady market must be among {', '.join(FACTS)}, was {unknown[0]}"
                " (setting symbols)"
            )
        self.instruments = [instrument(symbol) for symbol in symbols]
        self._symbols = symbols
        self._start_ms = start_ms

    @property
    def topics(self) -> frozenset[str]:
        kinds = ("tickers", "orderbook.1", f"orderbook.{LEVELS}")
        return frozenset(f"{kind}.{symbol}" for kind in kinds for symbol in self._symbols)

    def frames(self) -> Iterator[SteadyFrame]:
        beat = 0
        while True:
            for symbol in self._symbols:
                for topic, message in self._messages(symbol, beat):
                    yield SteadyFrame(beat * PERIOD_NS, topic, msgspec.json.encode(message))
            beat += 1

    def _messages(self, symbol: str, beat: int) -> Iterator[tuple[str, dict[str, object]]]:
        now_ms = self._start_ms + beat * PERIOD_MS
        bids, asks = ladder(symbol)
        yield f"tickers.{symbol}", ticker_message(symbol, bids[0][0], asks[0], now_ms)
        for depth in (1, LEVELS):
            topic = f"orderbook.{depth}.{symbol}"
            data = {"s": symbol, "b": bids[:depth], "a": asks[:depth], "u": beat + 1, "seq": beat + 1}
            yield topic, {"topic": topic, "type": "snapshot", "ts": now_ms, "data": data, "cts": now_ms}


def ladder(symbol: str) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Bids and asks, one tick apart, best first."""
    facts = FACTS[symbol]
    price, tick = Decimal(facts.price), Decimal(facts.tick)
    bids = [(text(price - tick * level), facts.level_qty) for level in range(LEVELS)]
    asks = [(text(price + tick * (level + 1)), facts.level_qty) for level in range(LEVELS)]
    return bids, asks


def ticker_message(symbol: str, bid: str, ask: tuple[str, str], now_ms: int) -> dict[str, object]:
    """A ticker snapshot; mark, index and last stand at the best bid."""
    facts = FACTS[symbol]
    next_funding_ms = (now_ms // FUNDING_INTERVAL_MS + 1) * FUNDING_INTERVAL_MS
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
        "fundingIntervalHour": "8",
        "fundingCap": "0.005",
        "nextFundingTime": str(next_funding_ms),
        "fundingRate": "0.0001",
        "bid1Price": bid,
        "bid1Size": facts.level_qty,
        "ask1Price": ask[0],
        "ask1Size": ask[1],
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
    }
    topic = f"tickers.{symbol}"
    return {"topic": topic, "type": "snapshot", "data": data, "cs": now_ms, "ts": now_ms}


def instrument(symbol: str) -> Mapping[str, Any]:
    """A raw `instruments-info` entry."""
    facts = FACTS[symbol]
    return {
        "symbol": symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": symbol.removesuffix("USDT"),
        "quoteCoin": "USDT",
        "launchTime": "1584230400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": facts.scale,
        "leverageFilter": {"minLeverage": "1", "maxLeverage": facts.max_leverage, "leverageStep": "0.01"},
        "priceFilter": {"minPrice": facts.tick, "maxPrice": facts.max_price, "tickSize": facts.tick},
        "lotSizeFilter": {
            "maxOrderQty": facts.max_qty,
            "minOrderQty": facts.step,
            "qtyStep": facts.step,
            "postOnlyMaxOrderQty": facts.max_qty,
            "maxMktOrderQty": facts.max_market_qty,
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": "USDT",
        "copyTrading": "both",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": facts.ratio_x, "priceLimitRatioY": facts.ratio_y},
        "displayName": "",
        "symbolType": "",
        "forbidUplWithdrawal": False,
        "symbolId": facts.symbol_id,
    }
