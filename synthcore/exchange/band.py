"""The price band of a contract: the highest price that a buyer and the lowest that a seller may name."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from msgspec import Struct

from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import ZERO
from synthcore.exchange.market_view import MarketView, reference_price

ALPHA = 1  # what Bybit weighs the premium with, unless it says otherwise


class Band(Struct, frozen=True):
    """Both ends, in ticks."""

    highest_buy: int
    lowest_sell: int


class Bands:
    """The bands of a market's contracts; one is worked out again when its prices have moved."""

    def __init__(self, market: MarketView) -> None:
        self._market = market
        self._known: dict[Contract, tuple[Decimal, Decimal, Decimal, Band]] = {}

    def of(self, contract: Contract) -> Band | None:
        """None without a price."""
        market, symbol, known = self._market, contract.symbol, self._known.get(contract)
        mark = reference_price(market, symbol)
        if mark is None:
            return None
        index, premium = market.index(symbol) or mark, market.premium(symbol)
        if known is not None and known[:3] == (mark, index, premium):
            return known[3]
        band = band_around(contract, mark, index, premium)
        self._known[contract] = mark, index, premium, band
        return band


def price_band(market: MarketView, contract: Contract) -> Band | None:
    """The band now; None without a price."""
    return Bands(market).of(contract)


def band_around(contract: Contract, mark: Decimal, index: Decimal, premium: Decimal) -> Band:
    """The band around mark and index, wider on the side of the market's premium."""
    premium = ALPHA * premium
    x, y = contract.limit_ratio_x, contract.limit_ratio_y
    highest = min(mark * (1 + y), max(index, mark * (1 + x) + max(ZERO, premium))) / contract.tick
    lowest = max(mark * (1 - y), min(index, mark * (1 - x) + min(ZERO, premium))) / contract.tick
    return Band(int(highest.to_integral_value(ROUND_FLOOR)), int(lowest.to_integral_value(ROUND_CEILING)))


def limit_fields(market: MarketView, contract: Contract) -> dict[str, str]:
    """A contract's price limits, as REST and the stream write them."""
    band = price_band(market, contract)
    return {
        "symbol": contract.symbol,
        "buyLmt": contract.price_text(band.highest_buy) if band else "",
        "sellLmt": contract.price_text(band.lowest_sell) if band else "",
    }
