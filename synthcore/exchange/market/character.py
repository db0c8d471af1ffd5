"""What sets one generated contract apart from another. Measured values where there are any."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from msgspec import Struct

from synthcore.exchange.market.draws import Draws
from synthcore.exchange.market.listed import listed_contracts

# Turnover of 24 hours over all linear contracts on 2023-08-16: median, sigma of its logarithm.
TURNOVER_USDT, TURNOVER_SIGMA, MOST_TURNOVER_USDT = 5.2e6, 1.7, 3e8
TOP_TO_TURNOVER = 4e-4  # value of the size at the best price: BTCUSDT's share of it
# Assumed: 200 levels hold about five times as much, so that a leg of 1,000 USDT gets out of them.
LEAST_TOP_USDT = 4_000.0
ACTIVITY_POWER = 0.7  # of turnover; chosen, so that hundreds of contracts leave most of a core free
LEAST_ACTIVITY, MOST_ACTIVITY = 0.015, 0.6  # of contracts that were not measured


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


def character_of(raw: dict[str, Any], draws: Draws) -> Character:
    """The known numbers of a symbol; what isn't known of a small contract is drawn for it."""
    known = KNOWN.get(raw["symbol"])
    if known is not None:
        return known
    listed = listed_contracts().get(raw["symbol"])
    tick = float(Decimal(raw["priceFilter"]["tickSize"]))
    # So that the spread of a tick is 0.5 to 2.5 bps.
    price = tick * draws.uniform(4_000, 20_000)
    turnover_usdt = min(MOST_TURNOVER_USDT, TURNOVER_USDT * math.exp(draws.gauss(0.0, TURNOVER_SIGMA)))
    if listed is not None:
        price, turnover_usdt = listed.price or price, listed.turnover_usdt or turnover_usdt
    busy = (turnover_usdt / KNOWN["BTCUSDT"].volume_24h_usdt) ** ACTIVITY_POWER
    return Character(
        price=price,
        volatility_bps=draws.uniform(0.9, 1.8),
        activity=min(MOST_ACTIVITY, max(LEAST_ACTIVITY, busy)),
        top_usdt=max(LEAST_TOP_USDT, TOP_TO_TURNOVER * turnover_usdt),
        open_interest_usdt=turnover_usdt / 2,
        volume_24h_usdt=turnover_usdt,
        mark_to_index_bps=draws.uniform(-5, 0),
        mid_to_mark_bps=draws.uniform(-1, 0),
    )
