"""Does the trading side's memory stay flat over a hundred thousand trades, with its journal and all?

The desk, the trade machine, the journal (with its rotation) and the order gateway as a run has them, orders
by the trade socket, against the exchange in its own process; one trade a symbol at a time, each left after a
few milliseconds. What a trade leaves behind is bounded (the last 256 trades, the last 10,000 in the journal),
so memory must stop growing. The report has it by trades, the journal's size, and how the trades ended.

Run, with the project installed:
    PYTHONPATH=tests/support python benchmarks/campaign_trades_memory.py [--trades 100000] [--journal normal]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import httpx
from campaign_memory import resident_mb
from offers import offered

from synthcore.config import SyntheticConfig
from synthcore.environment import Credentials
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.execution.desk import Desk
from synthcore.execution.driver import TradeDriver
from synthcore.execution.journal import Journal, RunRecord
from synthcore.feed.thread import new_event_loop
from synthcore.orders.bybit import BybitBackend
from synthcore.risk.budget import RateBudget
from synthcore.secret import Secret

SYMBOLS = tuple(str(rules["symbol"]) for rules in instruments_for(["24"]))
RECV_WINDOW_MS = 20_000  # a machine that stands still for a second is no wrong clock
CONFIG = SyntheticConfig(
    symbols_to_trade=SYMBOLS,
    max_concurrent_trades=len(SYMBOLS),
    estimated_position_size=200.0,
    cool_down_ms=0,
    max_holding_ms=1,
    max_cross_bps=50.0,
    max_consecutive_failures=1000,
)
LOOK_EVERY_S = 0.2  # at the tickers
STEPS = 20  # lines of the report

Quotes = dict[str, tuple[float, float, int]]


class Campaign:
    """Trades on every symbol until enough of them have ended."""

    def __init__(self, desk: Desk, quotes: Quotes, trades: int) -> None:
        self.ends: Counter[str] = Counter()
        self.resident: dict[int, float] = {}
        self._desk = desk
        self._quotes = quotes
        self._left = trades
        self._step = max(1, trades // STEPS)

    async def run(self) -> None:
        self._note()
        await asyncio.gather(*map(self._trade_on, SYMBOLS))

    async def _trade_on(self, symbol: str) -> None:
        while self._left > 0:
            self._left -= 1
            begun = self._desk.try_begin(offered(symbol, *self._quotes[symbol][:2]))
            if not isinstance(begun, TradeDriver):
                raise RuntimeError(f"{symbol}: no trade begins, {begun}")
            self.ends[(await begun.finished).end] += 1
            if self.ends.total() % self._step == 0:
                self._note()

    def _note(self) -> None:
        gc.collect()
        done = self.ends.total()
        self.resident[done] = round(resident_mb(os.getpid()), 1)
        print(f"{done} trades: {self.resident[done]} MB", file=sys.stderr)


async def watch(rest: str, quotes: Quotes, client: httpx.AsyncClient) -> None:
    """Keep the best bid and ask of every symbol, as a feed would."""
    while True:
        await look(rest, quotes, client)
        await asyncio.sleep(LOOK_EVERY_S)


async def look(rest: str, quotes: Quotes, client: httpx.AsyncClient) -> None:
    reply = await client.get(f"{rest}/v5/market/tickers?category=linear")
    for row in reply.json()["result"]["list"]:
        quotes[row["symbol"]] = (float(row["bid1Price"]), float(row["ask1Price"]), time.monotonic_ns())


async def campaign(ready: Ready, journal: Journal, trades: int) -> dict[str, object]:
    credentials = Credentials(api_key=Secret(ready.api_key), api_secret=Secret(ready.api_secret))
    backend = BybitBackend(
        (ready.rest,),
        ready.ws_private,
        credentials,
        order_recv_window_ms=RECV_WINDOW_MS,
        ws_trade_url=ready.ws_trade,
    )
    quotes: Quotes = {}
    desk = Desk(backend, CONFIG, quotes.get, budget=RateBudget({}), journal=journal)
    journal.run_begun(RunRecord(run=desk.run, account="a", venue=ready.rest, instance_id=None, pid=1))
    async with httpx.AsyncClient() as client:
        await look(ready.rest, quotes, client)
        watching = asyncio.create_task(watch(ready.rest, quotes, client))
        await desk.start()
        running = Campaign(desk, quotes, trades)
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        await running.run()
        wall_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
        stopped = await desk.stop()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        await desk.close()
    return {
        "trades": trades,
        "resident_mb_after_trades": running.resident,
        "ends": dict(running.ends),
        "flat": stopped.flat,
        "wall_s": round(wall_s, 1),
        "cpu_ms_a_trade": round(1e3 * cpu_s / trades, 2),
        "journal_mb": round(sum(path.stat().st_size for path in journal.path.parent.iterdir()) / 1e6, 1),
    }


async def with_journal(ready: Ready, durability: str, trades: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder, "journal.sqlite"), "full" if durability == "full" else "normal")
        try:
            return await campaign(ready, journal, trades)
        finally:
            journal.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--trades", type=int, default=100_000)
    parser.add_argument("--journal", choices=("normal", "full"), default="normal")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    settings = ExchangeSettings(
        market="generator", symbols=SYMBOLS, position_mode="hedge", rate_tier="off", delays="instant"
    )
    with (
        ExchangeProcess(settings) as ready,
        asyncio.Runner(loop_factory=new_event_loop) as runner,
    ):
        report = runner.run(with_journal(ready, given.journal, given.trades))
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
