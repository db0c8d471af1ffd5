"""How much memory does the exchange have after a million orders, and what does it cost while nobody calls?

One exchange in its own process, orders by the trade socket with all private topics subscribed: of four
orders, two fill at the market and two come to rest and are cancelled. What is kept of the past is bounded
(docs/exchange.md says where), so memory must stop growing. Before that, with each market: how long a start
takes to the ready line, and the processor time of an exchange that nobody calls.

Run, with the project installed:
    python benchmarks/campaign_memory.py [--orders 1000000] [--idle-s 10]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from decimal import Decimal
from itertools import count
from pathlib import Path

from order_client import Order, Trader, cpu_ns, encode

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings

BURST = 100  # orders in flight
STEPS = 10  # lines of the report
QTYS = {"XRPUSDT": "5", "DOGEUSDT": "50"}  # little of what the market shows: that is never refilled
NUMBERS = count(1)


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def market_order(symbol: str, side: str) -> Order:
    order = {"category": "linear", "symbol": symbol, "side": side, "orderType": "Market", "qty": QTYS[symbol]}
    return {**order, "orderLinkId": f"memory-{next(NUMBERS)}"}


def resting_order() -> Order:
    order = {"category": "linear", "symbol": "ETHUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    return {**order, "price": "2900", "orderLinkId": f"memory-{next(NUMBERS)}"}


async def send_burst(trader: Trader, orders: int) -> None:
    """Half of them fill, half of them rest until they are cancelled."""
    filling = [
        market_order(symbol, side) for symbol in QTYS for side in ("Buy", "Sell") for _ in range(orders // 8)
    ]
    resting = [resting_order() for _ in range(orders - len(filling))]
    await trader.place("socket", filling, 4 * len(filling))
    await trader.place("socket", resting, 3 * len(resting))
    wanted = trader.private.received + len(resting) + 2
    body = encode({"category": "linear", "symbol": "ETHUSDT"})
    await trader.http.send([trader.http.post("/v5/order/cancel-all", body)])
    await trader.private.until(wanted)


async def million(ready: Ready, orders: int) -> dict[str, object]:
    resident: dict[int, float] = {0: round(resident_mb(ready.pid), 1)}
    trader = await Trader.open(ready, ready.accounts[0])
    before_ns = cpu_ns(ready.pid)
    for sent in range(BURST, orders + 1, BURST):
        await send_burst(trader, BURST)
        if sent % max(BURST, orders // STEPS) == 0:
            resident[sent] = round(resident_mb(ready.pid), 1)
            print(f"{sent} orders: {resident[sent]} MB", file=sys.stderr)
    spent_us = (cpu_ns(ready.pid) - before_ns) / 1e3
    trader.close()
    return {"resident_mb_after_orders": resident, "cpu_us_an_order": round(spent_us / orders, 1)}


def idle(market: str, idle_s: float) -> dict[str, object]:
    """A start, and a while in which nobody calls."""
    start_s = time.monotonic()
    with ExchangeProcess(ExchangeSettings(market=market)) as ready:
        started_s = time.monotonic() - start_s
        before_ns = cpu_ns(ready.pid)
        time.sleep(idle_s)
        busy = (cpu_ns(ready.pid) - before_ns) / 1e9 / idle_s
        resident = round(resident_mb(ready.pid), 1)
    return {"start_s": round(started_s, 2), "cpu_percent": round(100 * busy, 2), "resident_mb": resident}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--idle-s", type=float, default=10.0)
    options = parser.parse_args()
    report = {f"idle_{market}": idle(market, options.idle_s) for market in ("steady", "generator")}
    settings = ExchangeSettings(
        market="steady", symbols=("ETHUSDT", *QTYS), rate_tier="off", wallet_usdt=Decimal(1_000_000_000)
    )
    with ExchangeProcess(settings) as ready:
        report["orders"] = asyncio.run(million(ready, options.orders))
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
