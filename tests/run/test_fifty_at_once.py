"""Fifty trades at once, each on a contract of its own: all hold at the same moment, and all end flat.

The exchange's rate tier is `off`: opening and closing so many within a second takes 200 orders, and the
highest tier of Bybit's takes 60, which begin 15 trades and hold 29.
"""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
from offers import offered

from synthcore.config import SyntheticConfig
from synthcore.environment import Credentials
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.desk import Desk
from synthcore.execution.driver import TradeDriver
from synthcore.execution.paper import PaperTrade
from synthcore.model import ArbitrageOpportunity
from synthcore.orders.bybit import BybitBackend
from synthcore.risk.budget import RateBudget
from synthcore.secret import Secret

TRADES = 50
LEVERAGE = 10  # the account's at its start: contracts that take less refuse it
SYMBOLS = tuple(
    str(rules["symbol"])
    for rules in instruments_for(["80"])
    if float(rules["leverageFilter"]["maxLeverage"]) > LEVERAGE
)[:TRADES]
CONFIG = SyntheticConfig(
    symbols_to_trade=SYMBOLS,
    max_concurrent_trades=TRADES,
    estimated_position_size=200.0,
    leg_timeout_ms=5000,  # a hundred orders leave in one turn of the loop
    max_holding_ms=60_000,
    half_life_ms=60_000,
    take_profit_bps=1000,
    stop_loss_bps=1000,
    max_cross_bps=100,
)


async def test_fifty_trades_hold_at_once_and_all_end_flat() -> None:
    settings = ExchangeSettings(market="generator", symbols=SYMBOLS, position_mode="hedge", rate_tier="off")
    with ExchangeProcess(settings) as ready:
        desk, finished = desk_on(ready)
        await desk.start()
        async with asyncio.timeout(60):
            drivers = [desk.try_begin(one) for one in await opportunities(ready)]
            held = await held_at_once(drivers)
            stopped = await desk.stop()
        await desk.close()

    assert held == TRADES
    assert stopped.flat, stopped
    assert Counter(trade.end for trade in finished) == {"CLOSED": TRADES}


def desk_on(ready: Ready) -> tuple[Desk, list[PaperTrade]]:
    """A desk, and the list of the trades that it will have finished."""
    credentials = Credentials(api_key=Secret(ready.api_key), api_secret=Secret(ready.api_secret))
    backend = BybitBackend((ready.rest,), ready.ws_private, credentials, ws_trade_url=ready.ws_trade)
    finished: list[PaperTrade] = []
    desk = Desk(
        backend, CONFIG, lambda symbol: None, budget=RateBudget({}), on_trade_finished=finished.append
    )
    return desk, finished


async def opportunities(ready: Ready) -> list[ArbitrageOpportunity]:
    """One on each contract, at the prices of the moment."""
    async with httpx.AsyncClient() as client:
        reply = await client.get(f"{ready.rest}/v5/market/tickers?category=linear")
    rows = {row["symbol"]: row for row in reply.json()["result"]["list"]}
    return [
        offered(symbol, float(rows[symbol]["bid1Price"]), float(rows[symbol]["ask1Price"]))
        for symbol in SYMBOLS
    ]


async def held_at_once(drivers: list[TradeDriver | str]) -> int:
    """How many trades hold both legs at the moment in which none is on its way any more."""
    trades = [driver for driver in drivers if isinstance(driver, TradeDriver)]
    while any(driver.state.phase not in ("active", "done") for driver in trades):
        await asyncio.sleep(0.001)
    return sum(driver.state.phase == "active" for driver in trades)
