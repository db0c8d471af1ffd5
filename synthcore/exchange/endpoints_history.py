"""The market's past, and its price band, over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice

from synthcore.exchange.band import limit_fields
from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import text
from synthcore.exchange.endpoint import (
    Call,
    Endpoint,
    Result,
    page_of,
    read_category,
    read_limit,
    read_ms,
)
from synthcore.exchange.funding import FundingClock
from synthcore.exchange.market.candles import INTERVALS, Candle, Candles
from synthcore.exchange.market.history import Interest, MarketHistory, SymbolHistory
from synthcore.exchange.market_view import MarketView
from synthcore.exchange.refusal import Refused, params_error

SPANS_MINUTES = {"5min": 5, "15min": 15, "30min": 30, "1h": 60, "4h": 240, "1d": 1440}


# What `…-kline` calls tell of, besides trades.
PRICES: Mapping[str, Callable[[SymbolHistory], Candles]] = {
    "mark-price": lambda history: history.mark,
    "index-price": lambda history: history.index,
    "premium-index-price": lambda history: history.premium,
}


class HistoryEndpoints:
    """Candles, settled funding rates, open interest, price limits; other categories have none of them."""

    def __init__(
        self,
        contracts: Mapping[str, Contract],
        market: MarketView,
        history: MarketHistory,
        funding: FundingClock,
    ) -> None:
        self._contracts = contracts
        self._market = market
        self._history = history
        self._funding = funding

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/market/kline", self.kline, is_private=False),
            *(
                Endpoint("GET", f"/v5/market/{name}-kline", partial(self.price_kline, of), is_private=False)
                for name, of in PRICES.items()
            ),
            Endpoint("GET", "/v5/market/funding/history", self.funding, is_private=False),
            Endpoint("GET", "/v5/market/open-interest", self.open_interest, is_private=False),
            Endpoint("GET", "/v5/market/price-limit", self.price_limit, is_private=False),
        ]

    def kline(self, call: Call) -> Result:
        return self._kline(call, lambda history: history.candles, candle_row)

    def price_kline(self, of: Callable[[SymbolHistory], Candles], call: Call) -> Result:
        """Candles of a price that is not traded: without volume and turnover."""
        return self._kline(call, of, lambda candle: candle_row(candle)[:5])

    def _kline(
        self, call: Call, of: Callable[[SymbolHistory], Candles], to_row: Callable[[Candle], list[str]]
    ) -> Result:
        category = read_category({"category": "linear", **call.params})
        interval = call.params.get("interval", "")
        if interval not in INTERVALS:
            raise Refused(params_error("interval"))
        limit = read_limit(call.params, default=200, highest=1000)
        start_ms, end_ms = read_ms(call.params, "start"), read_ms(call.params, "end")
        history = self._of(call, category)
        candles = of(history).newest_first(interval, call.now_ms) if history else iter(())
        wanted = (candle for candle in candles if _is_within(candle.start_ms, start_ms, end_ms))
        # With a start alone Bybit gives the oldest candles from it on, else the newest.
        rows = list(wanted)
        rows = rows[-limit:] if start_ms is not None and end_ms is None else rows[:limit]
        symbol = call.params.get("symbol", "")
        return {"symbol": symbol, "category": category, "list": [to_row(candle) for candle in rows]}

    def funding(self, call: Call) -> Result:
        category = read_category(call.params)
        limit = read_limit(call.params, default=200, highest=200)
        start_ms, end_ms = read_ms(call.params, "startTime"), read_ms(call.params, "endTime")
        if start_ms is not None and end_ms is None:
            raise Refused(params_error("endTime"))
        symbol = call.params.get("symbol", "")
        settled = self._funding.settled(symbol) if self._of(call, category) else iter(())
        wanted = (one for one in settled if _is_within(one.time_ms, start_ms, end_ms))
        return {
            "category": category,
            "list": [
                {"symbol": symbol, "fundingRate": text(one.rate), "fundingRateTimestamp": str(one.time_ms)}
                for one in islice(wanted, limit)
            ],
        }

    def open_interest(self, call: Call) -> Result:
        category = read_category(call.params)
        minutes = SPANS_MINUTES.get(call.params.get("intervalTime", ""))
        if minutes is None:
            raise Refused(params_error("intervalTime"))
        limit = read_limit(call.params, default=50, highest=200)
        start_ms, end_ms = read_ms(call.params, "startTime"), read_ms(call.params, "endTime")
        history = self._of(call, category)
        samples: Iterator[Interest] = history.interest(minutes * 60_000) if history else iter(())
        wanted = (sample for sample in samples if _is_within(sample.time_ms, start_ms, end_ms))
        cursor = call.params.get("cursor", "")
        page = page_of(wanted, lambda sample: sample.time_ms, interest_row, cursor, limit)
        return {
            "symbol": call.params.get("symbol", ""),
            "category": category,
            "list": page.rows,
            "nextPageCursor": page.cursor,
        }

    def price_limit(self, call: Call) -> Result:
        """Where the market has no price yet, and in other categories, both limits are empty."""
        category = read_category({"category": "linear", **call.params})
        symbol = call.params.get("symbol", "")
        if self._of(call, category) is None:
            return {"symbol": symbol, "buyLmt": "", "sellLmt": "", "ts": str(call.now_ms)}
        return {**limit_fields(self._market, self._contracts[symbol]), "ts": str(call.now_ms)}

    def _of(self, call: Call, category: str) -> SymbolHistory | None:
        """The history of the symbol asked for; None in a category that has no symbols here."""
        symbol = call.params.get("symbol", "")
        if not symbol or (category == "linear" and symbol not in self._contracts):
            raise Refused(params_error("symbol"))
        return self._history.of(symbol) if category == "linear" else None


def candle_row(candle: Candle) -> list[str]:
    prices = (candle.open, candle.high, candle.low, candle.close)
    return [
        str(candle.start_ms),
        *(text(price) for price in prices),
        text(candle.volume),
        text(candle.turnover),
    ]


def interest_row(sample: Interest) -> dict[str, str]:
    return {
        "openInterest": sample.both,
        "singleOpenInterest": sample.single,
        "timestamp": str(sample.time_ms),
    }


def _is_within(time_ms: int, start_ms: int | None, end_ms: int | None) -> bool:
    return (start_ms is None or time_ms >= start_ms) and (end_ms is None or time_ms <= end_ms)
