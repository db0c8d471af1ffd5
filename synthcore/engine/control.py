"""What a person can ask of a running process: stop it, close a symbol, flatten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from synthcore.engine.control_messages import Answer, Request
from synthcore.engine.outcome import RunOutcome
from synthcore.engine.signals import StopRequests
from synthcore.execution.desk import Desk
from synthcore.execution.paper import PaperTrade
from synthcore.risk.losses import BY_HAND

STARTING = Answer(ok=False, lines=("the run is still starting and holds nothing of its own yet; ask again",))


class RunControl:
    """Carries requests out on a run.

    Parameters
    ----------
    desk
        Gives the desk; None while the run starts.
    ended
        How the run ended.
    """

    def __init__(
        self, stop: StopRequests, desk: Callable[[], Desk | None], ended: asyncio.Future[RunOutcome]
    ) -> None:
        self._stop = stop
        self._desk = desk
        self._ended = ended

    async def perform(self, request: Request) -> Answer:
        match request.do:
            case "stop":
                return await self._end()
            case "close":
                return await self._close(request.symbol, request.reason)
            case "flatten":
                return await self._flatten()

    async def _end(self) -> Answer:
        self._stop.finish()
        await asyncio.wait([self._ended])
        if (error := self._ended.exception()) is not None:
            return Answer(ok=False, lines=(f"the run ended before its first trade: {error}",))
        outcome = self._ended.result()
        return Answer(ok=True, flat=outcome.summary["flat"], exit_code=int(outcome.exit_code))

    async def _close(self, symbol: str, reason: str) -> Answer:
        desk = self._desk()
        if desk is None:
            return STARTING
        drivers = desk.close_symbol(symbol, f"{BY_HAND}: {reason}")
        if not drivers:
            held = ", ".join(sorted({driver.symbol for driver in desk.trades.values()})) or "nothing"
            return Answer(
                ok=False, lines=(f"the symbol must have an open trade, {symbol} has none; open now: {held}",)
            )
        trades = [await asyncio.shield(driver.finished) for driver in drivers]
        return Answer(
            ok=True,
            lines=tuple(map(end_words, trades)),
            flat=all(trade.end != "UNRESOLVED" for trade in trades),
        )

    async def _flatten(self) -> Answer:
        desk = self._desk()
        if desk is None:
            return STARTING
        symbols = ", ".join(sorted(driver.symbol for driver in desk.trades.values()))
        stopped = await desk.flatten("flatten")
        legs = tuple(f"{leg.symbol} {leg.leg} leg {leg.qty} is open, or may be" for leg in stopped.unresolved)
        return Answer(
            ok=True,
            flat=stopped.flat,
            lines=(f"closed: {symbols or 'nothing was open'}; no new trades begin until the run ends", *legs),
        )


def end_words(trade: PaperTrade) -> str:
    return f"trade {trade.trade} on {trade.symbol}: {trade.end} ({trade.reason})"
