"""From USDT and a book to an order's quantity and price, on the instrument's grids. Pure."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Literal

from synthcore.errors import ConfigError
from synthcore.model import Instrument, Side

BPS = Decimal(10_000)


def exact(value: float) -> Decimal:
    """A double as the decimal that people write: its shortest text that reads back the same."""
    return Decimal(repr(value))


def entry_qty(instrument: Instrument, notional_usdt: float, price: float) -> Decimal:
    """Quantity in base coin that a notional buys, rounded down to the lot grid.

    Raises
    ------
    ConfigError
        The instrument doesn't take an order that small, or that large.
    """
    qty = instrument.floor_qty(exact(notional_usdt) / exact(price))
    if qty < instrument.min_qty or qty * exact(price) < instrument.min_notional:
        smallest = smallest_notional(instrument, price)
        raise ConfigError(
            f"estimated_position_size must be at least {smallest:f} USDT for {instrument.symbol} "
            f"at {price:g}, was {notional_usdt:g}: raise it"
        )
    largest_qty = min(instrument.max_qty, instrument.max_market_qty)  # it must be closable at market
    if qty > largest_qty:
        raise ConfigError(
            f"estimated_position_size must be at most {largest_qty * exact(price):f} USDT for "
            f"{instrument.symbol} at {price:g}, was {notional_usdt:g}: lower it"
        )
    return qty


def smallest_notional(instrument: Instrument, price: float) -> Decimal:
    """The smallest notional in whole USDT whose order the instrument takes, at this price."""
    by_value = instrument.min_notional / exact(price) / instrument.qty_step
    lots_by_value = by_value.to_integral_value(ROUND_CEILING) * instrument.qty_step
    qty = max(instrument.min_qty, lots_by_value)
    return (qty * exact(price)).to_integral_value(ROUND_CEILING)


def marketable_price(
    instrument: Instrument, side: Side, bid: float, ask: float, max_cross_bps: float
) -> Decimal:
    """The limit of an order through the book: at most `max_cross_bps` beyond the other side's best."""
    reach = exact(max_cross_bps) / BPS
    price = exact(ask) * (1 + reach) if side == "Buy" else exact(bid) * (1 - reach)
    return instrument.safe_price(price, side)


def passive_price(instrument: Instrument, side: Side, synthetic_price: float) -> Decimal:
    """The synthetic venue's price: an order there rests."""
    return instrument.safe_price(exact(synthetic_price), side)


def entry_side(leg: Literal[0, 1] | int) -> Side:
    return "Sell" if leg else "Buy"


def close_side(leg: Literal[0, 1] | int) -> Side:
    return "Buy" if leg else "Sell"
