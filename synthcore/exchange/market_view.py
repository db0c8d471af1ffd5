"""What the matching core reads of the market: displayed levels, mark, index and last price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from synthcore.exchange.book import Levels


class MarketView(Protocol):
    """The market's state, kept by whoever applies its frames. None where nothing was heard yet."""

    def ticker(self, symbol: str) -> Mapping[str, str]: ...

    def bids(self, symbol: str) -> Levels: ...

    def asks(self, symbol: str) -> Levels: ...

    def mark(self, symbol: str) -> Decimal | None: ...

    def last(self, symbol: str) -> Decimal | None: ...


def reference_price(market: MarketView, symbol: str) -> Decimal | None:
    """The mark, or what comes nearest to it while the market has not sent one."""
    mark = market.mark(symbol) or market.last(symbol)
    if mark is not None:
        return mark
    bids, asks = market.bids(symbol), market.asks(symbol)
    return (bids[0][0] + asks[0][0]) / 2 if bids and asks else None


def index_price(market: MarketView, symbol: str) -> Decimal | None:
    text = market.ticker(symbol).get("indexPrice", "")
    return Decimal(text) if text else None
