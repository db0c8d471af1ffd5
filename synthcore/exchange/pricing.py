"""How an order asks for a price without naming it: best bid and offer, and the slippage it bears."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from synthcore.exchange.contract import Contract
from synthcore.exchange.decimals import read, read_count
from synthcore.exchange.market_view import MarketView
from synthcore.exchange.orders import Slippage
from synthcore.exchange.refusal import NO_MARKET_PRICE, Refused, params_error
from synthcore.model import OPPOSITE, Side
from synthcore.venues.bybit.messages import CreateOrder

BBO_SIDES = frozenset({"Queue", "Counterparty"})
BBO_LEVELS = frozenset({"1", "2", "3", "4", "5"})
MAX_SLIPPAGE_TICKS = 10_000
MIN_SLIPPAGE_PERCENT, MAX_SLIPPAGE_PERCENT = Decimal("0.01"), Decimal(10)


def read_slippage(request: CreateOrder) -> Slippage | None:
    """The slippage that a market order bears; None where it says nothing of it."""
    kind, text = request.slippage_tolerance_type, request.slippage_tolerance or ""
    if kind in (None, "", "UNKNOWN"):
        return None
    if kind not in ("TickSize", "Percent") or request.order_type != "Market":
        raise Refused(params_error("slippageToleranceType"))
    if kind == "TickSize":
        ticks = read_count(text)
        if ticks is None or not 1 <= ticks <= MAX_SLIPPAGE_TICKS:
            raise Refused(params_error("slippageTolerance"))
        return Slippage(kind, Decimal(ticks))
    percent = read(text)
    if percent is None or not MIN_SLIPPAGE_PERCENT <= percent <= MAX_SLIPPAGE_PERCENT:
        raise Refused(params_error("slippageTolerance"))
    return Slippage("Percent", percent)


def within_slippage(
    bound: int, slippage: Slippage, market: MarketView, contract: Contract, side: Side
) -> int:
    """A market order's bound, narrowed to what it bears from the best opposite price."""
    best = level_price(market, contract, OPPOSITE[side], 1)
    sign = 1 if side == "Buy" else -1
    if slippage.kind == "TickSize":
        furthest = best / contract.tick + sign * slippage.amount
    else:
        furthest = best * (1 + sign * slippage.amount / 100) / contract.tick
    ticks = int(furthest.to_integral_value(ROUND_FLOOR if side == "Buy" else ROUND_CEILING))
    return min(bound, ticks) if side == "Buy" else max(bound, ticks)


def bbo_ticks(request: CreateOrder, market: MarketView, contract: Contract, side: Side) -> int | None:
    """The price of the level that a limit order asks for; None where it names its price itself."""
    if not request.bbo_side_type:
        return None
    if request.bbo_side_type not in BBO_SIDES or request.order_type != "Limit":
        raise Refused(params_error("bboSideType"))
    if request.bbo_level not in BBO_LEVELS:
        raise Refused(params_error("bboLevel"))
    of_side = side if request.bbo_side_type == "Queue" else OPPOSITE[side]
    return int(level_price(market, contract, of_side, int(request.bbo_level)) / contract.tick)


def level_price(market: MarketView, contract: Contract, side: Side, number: int) -> Decimal:
    """The price of the market's n-th level of one side."""
    levels = market.bids(contract.symbol) if side == "Buy" else market.asks(contract.symbol)
    if len(levels) < number:
        raise Refused(NO_MARKET_PRICE)
    return levels[number - 1][0]
