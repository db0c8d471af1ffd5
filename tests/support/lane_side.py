"""The fast lane of a desk in one thread: ticks are pushed by hand through the production kernel."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from msgspec.structs import replace
from offers import offered

from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore.engine.fast_lane import FastLaneParts
from synthcore.execution.desk import Desk
from synthcore.model import ArbitrageOpportunity
from synthcore.orders.bybit import BybitBackend
from synthcore.qualification import QualificationRules


class LaneSide:
    """The lane's parts, and the kernel that decides."""

    def __init__(self, url: str, backend: BybitBackend, desk: Desk) -> None:
        self._ids = {symbol: number for number, symbol in enumerate(desk.config.symbols_to_trade)}
        self.parts = FastLaneParts(url, backend, desk, found, lambda spent, symbol: None)
        self.kernel = Kernel(len(self._ids), QualificationRules())
        for number in self._ids.values():
            self.kernel.set_inputs(
                number, spread_bps=50.0, funding_delta=0.0075, position_size=1000.0, fees_bps=11.0
            )
        self.kernel.send_by(self.parts.lane)
        self._pipeline = Pipeline(self.kernel)
        self._pipeline.start("inline")

    def state(self, symbol: str) -> str:
        """What the symbol's slot is."""
        return self.parts.lane.state(self._ids[symbol])

    def tick(self, symbol: str, bid: float, ask: float) -> bool:
        """Let the kernel decide once; whether the lane sent."""
        number = self._ids[symbol]
        self.kernel.set_armed(number, True)
        self._pipeline.push(number, bid, ask, 1.0, 1.0, 0, time.monotonic_ns())
        return not self.kernel.drain_decisions()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The lane's socket is kept; the first trade may be allowed when it is up."""
        keeping = asyncio.create_task(self.parts.socket.run())
        try:
            yield
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping


def found(symbol: str, bid: float, ask: float, **stamps: int) -> ArbitrageOpportunity:
    """What the lane found, for the trade's record."""
    return replace(offered(symbol, bid, ask), **stamps)
