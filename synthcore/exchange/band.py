"""The price band of a contract: the highest price that a buyer and the lowest that a seller may name."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR

from msgspec import Struct

from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import ZERO
from synthcore.exchange.market_view import MarketView, reference_price

ALPHA = 1  # what Bybit weighs the premium with, unless it says otherwise


class Band(Struct, frozen=True):
    """Both ends, in ticks."""

    highest_buy: int
    lowest_sell: int


def price_band(market: MarketView, contract: Contract) -> Band | None:
    """The band around mark and index, wider on the side of the market's premium; None without a price."""
    mark = reference_price(market, contract.symbol)
    if mark is None:
        return None
    index = market.index(contract.symbol) or mark
    premium = ALPHA * market.premium(contract.symbol)
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
