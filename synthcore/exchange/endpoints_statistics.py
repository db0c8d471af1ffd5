"""What is told of the crowd and of options over REST: none of it is traded on."""

from __future__ import annotations

from collections.abc import Collection

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
from synthcore.exchange.endpoints_history import SPANS_MINUTES
from synthcore.exchange.market.long_short import FIRST_MS, LongShort
from synthcore.exchange.refusal import ILLEGAL_CATEGORY, Refused, params_error


class StatisticsEndpoints:
    """The ratio of long and short accounts, which is made up; deliveries and volatility, which are empty.

    Parameters
    ----------
    symbols
        The contracts traded.
    seed
        Of the made-up crowd.
    """

    def __init__(self, symbols: Collection[str], seed: int) -> None:
        self._symbols = symbols
        self._seed = seed

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint("GET", "/v5/market/account-ratio", self.account_ratio, is_private=False),
            Endpoint("GET", "/v5/market/delivery-price", self.delivery_price, is_private=False),
            Endpoint("GET", "/v5/market/new-delivery-price", self.new_delivery_price, is_private=False),
            Endpoint("GET", "/v5/market/historical-volatility", self.volatility, is_private=False),
        ]

    def account_ratio(self, call: Call) -> Result:
        """Newest first, for any time since Bybit counts them."""
        category, symbol = read_category(call.params), call.params.get("symbol", "")
        if not symbol or (category == "linear" and symbol not in self._symbols):
            raise Refused(params_error("symbol"))
        minutes = SPANS_MINUTES.get(call.params.get("period", ""))
        if minutes is None:
            raise Refused(params_error("period"))
        limit = read_limit(call.params, default=50, highest=500)
        start_ms, end_ms = read_ms(call.params, "startTime"), read_ms(call.params, "endTime")
        first_ms = FIRST_MS if start_ms is None else max(start_ms, FIRST_MS)
        last_ms = call.now_ms if end_ms is None else min(end_ms, call.now_ms)
        crowd, period_ms = LongShort(self._seed, symbol), minutes * 60_000

        def row(time_ms: int) -> dict[str, str]:
            longs = crowd.share(time_ms)
            return {
                "symbol": symbol,
                "buyRatio": text(longs),
                "sellRatio": text(1 - longs),
                "timestamp": str(time_ms),
            }

        times_ms = range(last_ms // period_ms * period_ms, first_ms - 1, -period_ms)
        known = times_ms if category == "linear" else ()
        page = page_of(known, int, row, call.params.get("cursor", ""), limit)
        return {"list": page.rows, "nextPageCursor": page.cursor}

    def delivery_price(self, call: Call) -> Result:
        """A perpetual is never delivered."""
        return {"category": read_category(call.params), "list": [], "nextPageCursor": ""}

    def new_delivery_price(self, call: Call) -> Result:
        return {"category": of_options(call), "list": []}

    def volatility(self, call: Call) -> Result:
        of_options(call)
        return []


def of_options(call: Call) -> str:
    """The category, which must be theirs."""
    if read_category(call.params) != "option":
        raise Refused(ILLEGAL_CATEGORY)
    return "option"
