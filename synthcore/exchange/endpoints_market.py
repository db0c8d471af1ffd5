"""Public market data over REST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from synthcore.exchange.display.symbol_display import BookPicture
from synthcore.exchange.endpoint import (
    Call,
    Endpoint,
    Result,
    page_of,
    read_category,
    read_limit,
)
from synthcore.exchange.market.frames import Pair
from synthcore.exchange.refusal import Refused, params_error
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


FILTERS = ("status", "baseCoin", "symbolType")  # of instruments
NOTHING: Mapping[str, Any] = {}
NO_RPI = {"isPublicRpi": False, "myRpiPermission": False}


class PublicView(Protocol):
    """The market as the public sees it, our clients' orders among it."""

    def ticker(self, symbol: str) -> Mapping[str, str]: ...

    def book(self, symbol: str, limit: int, now_ms: int) -> BookPicture: ...

    def trades(self, symbol: str) -> Sequence[Mapping[str, Any]]: ...


class MarketEndpoints:
    """Time, instruments, tickers, order book, recent trades."""

    def __init__(
        self,
        instruments: Sequence[Mapping[str, Any]],
        market: PublicView,
        now_ns: Callable[[], int],
    ) -> None:
        self._instruments = {str(raw["symbol"]): raw for raw in instruments}
        self._market = market
        self._now_ns = now_ns

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/market/time", self.time, is_private=False),
            Endpoint("GET", "/v5/market/instruments-info", self.instruments_info, is_private=False),
            Endpoint("GET", "/v5/account/instruments-info", self.account_instruments),
            Endpoint("GET", "/v5/market/tickers", self.tickers, is_private=False),
            Endpoint("GET", "/v5/market/orderbook", self.orderbook, is_private=False),
            Endpoint("GET", "/v5/market/rpi_orderbook", self.rpi_orderbook, is_private=False),
            Endpoint("GET", "/v5/market/recent-trade", self.recent_trade, is_private=False),
        ]

    def time(self, call: Call) -> Result:
        now_ns = self._now_ns()
        return TimeResult(time_second=str(now_ns // 1_000_000_000), time_nano=str(now_ns))

    def instruments_info(self, call: Call) -> Result:
        return self._rules(call, read_limit(call.params, default=500, highest=1000))

    def account_instruments(self, call: Call) -> Result:
        """The same for an account, with what it may do."""
        return self._rules(call, read_limit(call.params, default=200, highest=200), NO_RPI)

    def _rules(self, call: Call, limit: int, more: Mapping[str, Any] = NOTHING) -> Result:
        category, known = read_category(call.params), self._instruments
        asked = {name: call.params.get(name) for name in FILTERS}
        rows = [
            {**known[symbol], **more}
            for symbol in self._wanted(call, category)
            if all(_fits(known[symbol], name, wanted) for name, wanted in asked.items())
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
        category, symbol = read_category(call.params), self._symbol(call)
        limit = read_limit(call.params, default=25, highest=1000)
        if category != "linear":
            return {"s": symbol, "b": [], "a": [], "ts": call.now_ms, "u": 0, "seq": 0, "cts": call.now_ms}
        bids, asks, u, seq = self._market.book(symbol, limit, call.now_ms)
        times = {"ts": call.now_ms, "u": u, "seq": seq, "cts": call.now_ms}
        return {"s": symbol, "b": bids, "a": asks, **times}

    def rpi_orderbook(self, call: Call) -> Result:
        """The book with the sizes of RPI orders beside the others: there are none."""
        limit = read_limit(call.params, default=50, highest=50)
        if read_category({"category": "linear", **call.params}) == "linear":
            bids, asks, u, seq = self._market.book(self._symbol(call), limit, call.now_ms)
        else:
            bids, asks, u, seq = [], [], 0, 0
        levels = {"b": _with_no_rpi(bids), "a": _with_no_rpi(asks)}
        return {"s": self._symbol(call), **levels, "ts": call.now_ms, "u": u, "seq": seq, "cts": call.now_ms}

    def recent_trade(self, call: Call) -> Result:
        category = read_category(call.params)
        symbol = self._symbol(call)
        limit = read_limit(call.params, default=500, highest=1000)
        trades = self._market.trades(symbol) if category == "linear" else ()
        newest = islice(reversed(trades), limit)
        return {"category": category, "list": [_trade_row(symbol, trade) for trade in newest]}

    def _symbol(self, call: Call) -> str:
        """The symbol asked for; in other categories any, for nothing is known of them."""
        symbol = call.params.get("symbol", "")
        is_known = symbol in self._instruments or call.params.get("category", "linear") != "linear"
        if not symbol or not is_known:
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


def _with_no_rpi(levels: Sequence[Pair]) -> list[tuple[str, str, str]]:
    return [(price, size, "0") for price, size in levels]


def _trade_row(symbol: str, trade: Mapping[str, Any]) -> dict[str, object]:
    """A trade of the stream in REST's words; here `seq` is text."""
    return {
        "execId": trade["i"],
        "symbol": symbol,
        "price": trade["p"],
        "size": trade["v"],
        "side": trade["S"],
        "time": str(trade["T"]),
        "isBlockTrade": trade.get("BT", False),
        "isRPITrade": trade.get("RPI", False),
        "seq": str(trade.get("seq", "")),
    }
