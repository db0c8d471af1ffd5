"""One contract's trading rules, in integers of ticks and lots."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct

from synthcore.exchange.digits import GridTexts
from synthcore.exchange.risk_tiers import RiskLadder, ladder_for
from synthcore.venues.bybit.messages import InstrumentRow


class Contract(Struct, frozen=True, eq=False, kw_only=True):
    """A linear perpetual as the matching core sees it. Prices are ticks, quantities are lots."""

    symbol: str
    base_coin: str
    settle_coin: str
    tick: Decimal  # price of one tick, USDT
    step: Decimal  # quantity of one lot, base coin
    min_price_ticks: int
    max_price_ticks: int
    min_lots: int
    max_lots: int  # limit orders
    max_market_lots: int
    min_notional: Decimal  # USDT
    min_leverage: Decimal
    max_leverage: Decimal
    leverage_step: Decimal
    limit_ratio_x: Decimal
    limit_ratio_y: Decimal
    lot_value: Decimal  # USDT of one lot at a price of one tick
    ladder: RiskLadder
    price_texts: GridTexts
    qty_texts: GridTexts

    def price(self, ticks: int) -> Decimal:
        return self.tick * ticks

    def qty(self, lots: int) -> Decimal:
        return self.step * lots

    def value(self, ticks: int, lots: int) -> Decimal:
        """Exact value in USDT."""
        return self.lot_value * (ticks * lots)

    def price_text(self, ticks: int) -> str:
        return self.price_texts.of(ticks)

    def qty_text(self, lots: int) -> str:
        return self.qty_texts.of(lots)

    def ticks(self, price: Decimal) -> int | None:
        """The price in ticks; None where it is off the grid."""
        return whole(price, self.tick)

    def lots(self, qty: Decimal) -> int | None:
        """The quantity in lots; None where it is off the grid."""
        return whole(qty, self.step)


def whole(value: Decimal, grid: Decimal) -> int | None:
    """`value` in units of `grid`, if it lies on it."""
    units = value / grid
    count = int(units)
    return count if count == units else None


def contract_of(raw: Mapping[str, Any]) -> Contract:
    """Read a raw `instruments-info` entry."""
    row = msgspec.convert(raw, InstrumentRow)
    tick, step = Decimal(row.price_filter.tick_size), Decimal(row.lot_size_filter.qty_step)
    lots, prices = row.lot_size_filter, row.price_filter
    return Contract(
        symbol=row.symbol,
        base_coin=row.base_coin,
        settle_coin=row.settle_coin or "USDT",
        tick=tick,
        step=step,
        min_price_ticks=int(Decimal(prices.min_price) / tick),
        max_price_ticks=int(Decimal(prices.max_price) / tick),
        min_lots=int(Decimal(lots.min_order_qty) / step),
        max_lots=int(Decimal(lots.max_order_qty) / step),
        max_market_lots=int(Decimal(lots.max_mkt_order_qty or lots.max_order_qty) / step),
        min_notional=Decimal(lots.min_notional_value or 0),
        min_leverage=Decimal(row.leverage_filter.min_leverage),
        max_leverage=Decimal(row.leverage_filter.max_leverage),
        leverage_step=Decimal(row.leverage_filter.leverage_step),
        limit_ratio_x=Decimal(row.risk_parameters.price_limit_ratio_x or "0.05"),
        limit_ratio_y=Decimal(row.risk_parameters.price_limit_ratio_y or "0.1"),
        lot_value=tick * step,
        ladder=ladder_for(Decimal(row.leverage_filter.max_leverage)),
        price_texts=GridTexts(tick),
        qty_texts=GridTexts(step),
    )
