"""How long does a day of trading take in virtual time, and is it the same day each time?

A bot on the generated market of one contract buys or sells every so many seconds, over signed REST with the
delays of `realistic`, listens to its private frames and to the public trades and book, and is flat every
second order. The digest is over all answers and frames: the same numbers give the same one.

Run, with the project installed:
    python benchmarks/campaign_virtual_day.py [--hours 24] [--every 10] [--market generator] [--seed 1]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time

from synthcore.testing.virtual import VirtualExchange

ORDER = {"category": "linear", "symbol": "BTCUSDT", "orderType": "Market", "qty": "0.01"}
PUBLIC = '{"op": "subscribe", "args": ["orderbook.50.BTCUSDT", "publicTrade.BTCUSDT", "tickers.BTCUSDT"]}'


class Bot:
    """Trades by the clock, and counts what it hears."""

    def __init__(self, exchange: VirtualExchange) -> None:
        self._clock = exchange.clock.time
        self._client = exchange.client()
        self.orders = self.heard = 0
        self._client.stream("order", "execution", "position", "wallet", on_frame=self._hear)
        exchange.connect("/v5/public/linear", on_frame=self._hear).send(PUBLIC)

    def _hear(self, frame: bytes) -> None:
        self.heard += 1

    async def trade(self, hours: float, every_s: float) -> None:
        end_s = self._clock.monotonic_s() + 3600 * hours
        while self._clock.monotonic_s() < end_s:
            side = "Sell" if self.orders % 2 else "Buy"
            reply = await self._client.post("/v5/order/create", **ORDER, side=side)
            assert reply["retCode"] == 0, reply
            self.orders += 1
            await asyncio.sleep(every_s)


def day(hours: float, every_s: float, market: str, seed: int) -> dict[str, object]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    with VirtualExchange(market=market, symbols=("BTCUSDT",), delays="realistic", seed=seed) as exchange:
        bot = Bot(exchange)
        exchange.clock.run(bot.trade(hours, every_s))
        wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
        return {
            "hours": hours,
            "orders": bot.orders,
            "frames": bot.heard,
            "wall_s": round(wall_s, 1),
            "cpu_s": round(cpu_s, 1),
            "times_real": round(3600 * hours / wall_s),
            "digest": str(exchange.digest),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--every", type=float, default=10, help="seconds between two orders")
    parser.add_argument("--market", default="generator", help="generator or steady")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(json.dumps(day(given.hours, given.every, given.market, given.seed)))


if __name__ == "__main__":
    main()
