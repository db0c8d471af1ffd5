"""Two legs on one exchange, one call a trade: the desk for a strategy of your own."""

from __future__ import annotations

import asyncio
from types import TracebackType

from msgspec.structs import replace

from synthcore.config import SyntheticConfig
from synthcore.execution.desk import Desk, QuoteSource, Stopped
from synthcore.execution.driver import DeskMetrics, TradeDriver
from synthcore.execution.paper import PaperTrade
from synthcore.model import ArbitrageOpportunity
from synthcore.orders.gateway import ExecutionBackend
from synthcore.risk.budget import RateBudget


class SingleExchangeExecutor:
    """Execute synthetic trades on one account, from the first order to proven flat.

    >>> async with SingleExchangeExecutor(backend, config) as executor:  # doctest: +SKIP
    ...     trade = await executor.execute_synthetic_trade(opportunity, position_size=1000.0)

    Parameters
    ----------
    backend
        The account: any `ExecutionBackend`.
    quote
        The latest book of a symbol; without one, the opportunity's own prices are used.
    budget
        Requests that the account may send; Bybit's default tier without one.
    """

    def __init__(
        self,
        backend: ExecutionBackend,
        config: SyntheticConfig | None = None,
        quote: QuoteSource | None = None,
        metrics: DeskMetrics | None = None,
        budget: RateBudget | None = None,
    ) -> None:
        self.desk = Desk(
            backend,
            config if config is not None else SyntheticConfig(),
            quote if quote is not None else lambda symbol: None,
            metrics,
            budget,
        )

    async def start(self) -> None:
        """Bring the account up and check it."""
        await self.desk.start()

    async def execute_synthetic_trade(
        self, opportunity: ArbitrageOpportunity, position_size: float | None = None
    ) -> PaperTrade:
        """Run one trade to its end.

        Parameters
        ----------
        position_size
            USDT per leg; the configured size without it.

        Returns
        -------
        PaperTrade
            With end REFUSED and the reason, where the gate let nothing be sent.
        """
        if not opportunity.recv_ns:  # made by hand: it is as new as this call
            now_ns = self.desk.now_ns()
            opportunity = replace(opportunity, recv_ns=now_ns, decided_ns=now_ns)
        begun = self.desk.try_begin(opportunity, position_size)
        if isinstance(begun, TradeDriver):
            return await asyncio.shield(begun.finished)  # a caller who leaves takes nothing along
        return PaperTrade(trade="", symbol=opportunity.symbol, end="REFUSED", reason=begun)

    async def close(self) -> Stopped:
        """Close what is open, have the exchange confirm it, and leave."""
        try:
            return await self.desk.stop()
        finally:
            await self.desk.close()

    async def __aenter__(self) -> SingleExchangeExecutor:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
