"""A desk with a fast lane on a real exchange, in one thread: ticks are pushed by hand through the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

from lane_side import LaneSide
from msgspec.structs import replace

from synthcore.config import SyntheticConfig
from synthcore.exchange.ready import AccountKey, Ready
from synthcore.execution.desk import Desk
from synthcore.execution.driver import TradeDriver
from synthcore.execution.paper import PaperTrade
from synthcore.orders.bybit import BybitBackend
from synthcore.risk.budget import RateBudget

BID, ASK = 60000.0, 60000.1  # of the steady market
CONFIG: dict[str, Any] = {
    "symbols_to_trade": ("BTCUSDT",),
    "half_life_ms": 50,
    "max_holding_ms": 300,
    "cool_down_ms": 0,
    "leg_timeout_ms": 10_000,  # a busy machine is no failed trade
}
SOON_S = 20.0  # generous: a busy machine is no defect


class FastDesk:
    """The desk, the lane's parts, and the kernel that decides."""

    def __init__(self, backend: BybitBackend, url: str, budget: RateBudget, **changes: Any) -> None:
        self.config = SyntheticConfig(**(CONFIG | changes))
        self.desk = Desk(backend, self.config, lambda symbol: (BID, ASK, time.monotonic_ns()), budget=budget)
        self.side = LaneSide(url, backend, self.desk)
        self.parts = self.side.parts

    @property
    def state(self) -> str:
        return self.side.state("BTCUSDT")

    def tick(self) -> bool:
        """Let the kernel decide once; whether the lane sent."""
        return self.side.tick("BTCUSDT", BID, ASK)

    async def until(self, *states: str) -> None:
        async with asyncio.timeout(SOON_S):
            while self.state not in states:
                await asyncio.sleep(0.001)

    def driver(self) -> TradeDriver:
        (driver,) = self.desk.trades.values()
        return driver

    async def trade(self) -> PaperTrade:
        """One trade by the lane, to its end."""
        await self.until("ready")
        assert self.tick()
        self.parts.keeper.heed()
        async with asyncio.timeout(SOON_S):
            return await self.driver().finished


@contextlib.asynccontextmanager
async def fast_desk(
    ready: Ready, account: AccountKey, budget: RateBudget | None = None, **changes: Any
) -> AsyncIterator[FastDesk]:
    """Everything up, and the first trade allowed."""
    own = replace(ready, api_key=account.api_key, api_secret=account.api_secret)
    backend = BybitBackend((own.rest,), own.ws_private, own.credentials(), ws_trade_url=own.ws_trade)
    fast = FastDesk(backend, own.ws_trade, budget or RateBudget({}), **changes)
    await fast.desk.start()
    try:
        async with fast.side.running():
            fast.parts.keeper.start()
            await fast.until("ready")
            yield fast
            assert (await fast.desk.stop()).flat
    finally:
        await fast.desk.close()
