"""What the exchange reads of the market: displayed levels, mark, index and last price, recent trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from synthcore.exchange.book import Levels


class MarketView(Protocol):
    """The market's state, kept by whoever applies its frames. None where nothing was heard yet."""

    def ticker(self, symbol: str) -> Mapping[str, str]: ...

    def bids(self, symbol: str) -> Levels: ...

    def asks(self, symbol: str) -> Levels: ...

    def mark(self, symbol: str) -> Decimal | None: ...

    def last(self, symbol: str) -> Decimal | None: ...

    def index(self, symbol: str) -> Decimal | None: ...

    def premium(self, symbol: str) -> Decimal: ...

    def trades(self, symbol: str) -> Sequence[Mapping[str, Any]]: ...

    def snapshot(self, topic: str, ts_ms: int) -> bytes | None: ...


def reference_price(market: MarketView, symbol: str) -> Decimal | None:
    """The mark, or what comes nearest to it while the market has not sent one."""
    mark = market.mark(symbol) or market.last(symbol)
    if mark is not None:
        return mark
    bids, asks = market.bids(symbol), market.asks(symbol)
    return (bids[0][0] + asks[0][0]) / 2 if bids and asks else None
