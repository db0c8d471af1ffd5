"""Public market data over REST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synthcore.exchange.book import Levels
from synthcore.exchange.decimals import text
from synthcore.exchange.endpoint import (
    Call,
    Endpoint,
    Result,
    page_of,
    read_category,
    read_limit,
)
from synthcore.exchange.market_view import MarketView
from synthcore.exchange.refusal import Refused, params_error
from synthcore.exchange.tape import PrintedTrade, Tape
from synthcore.venues.bybit.messages import TimeResult

# Fields that REST tickers have and the stream's have not; all unset for a perpetual.
REST_ONLY_TICKER_FIELDS = {
    "predictedDeliveryPrice": "",
    "basisRate": "",
    "basis": "",
    "basisRateYear": "",
    "deliveryFeeRate": "",
    "deliveryTime": "0",
}


class MarketEndpoints:
    """Time, instruments, tickers, order book, recent trades."""

    def __init__(
        self,
        instruments: Sequence[Mapping[str, Any]],
        market: MarketView,
        tape: Tape,
        now_ns: Callable[[], int],
    ) -> None:
        self._instruments = {str(raw["symbol"]): raw for raw in instruments}
        self._market = market
        self._tape = tape
        self._now_ns = now_ns

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/market/time", self.time, is_private=False),
            Endpoint("GET", "/v5/market/instruments-info", self.instruments_info, is_private=False),
            Endpoint("GET", "/v5/market/tickers", self.tickers, is_private=False),
            Endpoint("GET", "/v5/market/orderbook", self.orderbook, is_private=False),
            Endpoint("GET", "/v5/market/recent-trade", self.recent_trade, is_private=False),
        ]

    def time(self, call: Call) -> Result:
        now_ns = self._now_ns()
        return TimeResult(time_second=str(now_ns // 1_000_000_000), time_nano=str(now_ns))

    def instruments_info(self, call: Call) -> Result:
        category = read_category(call.params)
        limit = read_limit(call.params, default=500, highest=1000)
        wanted = self._wanted(call, category)
        status, coin = call.params.get("status"), call.params.get("baseCoin")
        rows = [
            self._instruments[symbol]
            for symbol in wanted
            if _fits(self._instruments[symbol], "status", status)
            and _fits(self._instruments[symbol], "baseCoin", coin)
        ]
        # Old to new would be by name here; numbering downwards lets every list share one way of paging.
        numbered = [(len(rows) - index, row) for index, row in enumerate(rows)]
        page = page_of(
            numbered, lambda item: item[0], lambda item: item[1], call.params.get("cursor", ""), limit
        )
        return {"category": category, "list": page.rows, "nextPageCursor": page.cursor}

    def tickers(self, call: Call) -> Result:
        category = read_category(call.params)
        tickers = [self._market.ticker(symbol) for symbol in self._wanted(call, category)]
        return {
            "category": category,
            "list": [{**ticker, **REST_ONLY_TICKER_FIELDS} for ticker in tickers if ticker],
        }

    def orderbook(self, call: Call) -> Result:
        symbol = self._symbol(call)
        limit = read_limit(call.params, default=25, highest=1000)
        stamp = self._tape.book_stamp(symbol)
        return {
            "s": symbol,
            "b": _written(self._market.bids(symbol), limit),
            "a": _written(self._market.asks(symbol), limit),
            "ts": stamp.ts,
            "u": stamp.data.u,
            "seq": stamp.data.seq,
            "cts": stamp.cts,
        }

    def recent_trade(self, call: Call) -> Result:
        category = read_category(call.params)
        symbol = self._symbol(call)
        limit = read_limit(call.params, default=500, highest=1000)
        trades = self._tape.trades(symbol, limit)
        return {"category": category, "list": [_trade_row(symbol, trade) for trade in trades]}

    def _symbol(self, call: Call) -> str:
        symbol = call.params.get("symbol", "")
        if read_category(call.params) != "linear" or symbol not in self._instruments:
            raise Refused(params_error("symbol"))
        return symbol

    def _wanted(self, call: Call, category: str) -> list[str]:
        """The symbols a call means; other categories trade nothing here."""
        if category != "linear":
            return []
        symbol = call.params.get("symbol", "")
        if symbol and symbol not in self._instruments:
            raise Refused(params_error("symbol"))
        return [symbol] if symbol else sorted(self._instruments)


def _fits(raw: Mapping[str, Any], field: str, wanted: str | None) -> bool:
    return not wanted or raw.get(field) == wanted


def _written(levels: Levels, limit: int) -> list[tuple[str, str]]:
    return [(text(price), text(qty)) for price, qty in levels[:limit]]


def _trade_row(symbol: str, trade: PrintedTrade) -> dict[str, object]:
    return {
        "execId": trade.trade_id,
        "symbol": symbol,
        "price": trade.price,
        "size": trade.qty,
        "side": trade.side,
        "time": str(trade.time_ms),
        "isBlockTrade": trade.is_block,
        "isRPITrade": trade.is_rpi,
        "seq": str(trade.seq),
    }
