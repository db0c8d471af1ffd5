"""What sets one generated contract apart from another. Measured values where there are any."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from msgspec import Struct


class Character(Struct, frozen=True, kw_only=True):
    """The numbers behind one symbol's generated market."""

    price: float  # where it starts, USDT
    volatility_bps: float  # standard deviation of 1 s returns
    activity: float  # quote updates relative to BTCUSDT's 19.5 a second
    top_usdt: float  # median value of the size at the best price
    open_interest_usdt: float
    volume_24h_usdt: float
    mark_to_index_bps: float
    mid_to_mark_bps: float


KNOWN = {
    "BTCUSDT": Character(
        price=65114.2,
        volatility_bps=0.65,
        activity=1.0,
        top_usdt=500_000,
        open_interest_usdt=3.9e9,
        volume_24h_usdt=1.14e9,
        mark_to_index_bps=-3.19,
        mid_to_mark_bps=-0.55,
    ),
    "ETHUSDT": Character(
        price=1894.35,
        volatility_bps=0.9,
        activity=0.95,
        top_usdt=200_000,
        open_interest_usdt=1.4e9,
        volume_24h_usdt=7.2e8,
        mark_to_index_bps=-3.4,
        mid_to_mark_bps=-0.6,
    ),
    "SOLUSDT": Character(
        price=77.30,
        volatility_bps=1.0,
        activity=0.75,
        top_usdt=110_000,
        open_interest_usdt=5.2e8,
        volume_24h_usdt=2.77e8,
        mark_to_index_bps=-4.4,
        mid_to_mark_bps=-0.65,
    ),
    "XRPUSDT": Character(
        price=1.1273,
        volatility_bps=1.0,
        activity=0.7,
        top_usdt=60_000,
        open_interest_usdt=3.1e8,
        volume_24h_usdt=1.9e8,
        mark_to_index_bps=-3.0,
        mid_to_mark_bps=-0.6,
    ),
    "DOGEUSDT": Character(
        price=0.07055,
        volatility_bps=1.0,
        activity=0.65,
        top_usdt=16_000,
        open_interest_usdt=9.8e7,
        volume_24h_usdt=5.1e7,
        mark_to_index_bps=-1.4,
        mid_to_mark_bps=-0.7,
    ),
}


def character_of(raw: dict[str, Any], random: Random) -> Character:
    """The known numbers of a symbol, or plausible ones of a small contract drawn for it."""
    known = KNOWN.get(raw["symbol"])
    if known is not None:
        return known
    tick = float(Decimal(raw["priceFilter"]["tickSize"]))
    return Character(
        price=tick * random.uniform(4_000, 20_000),  # so that the spread of a tick is 0.5 to 2.5 bps
        volatility_bps=random.uniform(0.9, 1.8),
        activity=random.uniform(0.15, 0.4),
        top_usdt=random.uniform(2_000, 12_000),
        open_interest_usdt=random.uniform(4e5, 3e7),
        volume_24h_usdt=random.uniform(1e6, 5e7),
        mark_to_index_bps=random.uniform(-5, 0),
        mid_to_mark_bps=random.uniform(-1, 0),
    )
