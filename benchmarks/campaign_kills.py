"""Is anything left, or done twice, when the trading process is killed at any record of its journal?

Each row is one process on an account of its own, killed (SIGKILL) before or after its n-th record of the
journal, for every n of one trade; then production recovery on the same state folder, and the exchange as
the judge: positions, open orders, executions, orders by link id, transaction log. Trades are told in
several ways (plain, and with a leg that fails), by REST, by the trade socket and with entries by the fast
lane, with both durabilities.

Run, with the project installed:
    PYTHONPATH=tests/support python benchmarks/campaign_kills.py [--every 1] [--stories plain,refused]
        [--entries "fast lane"]

It exits with 1 if a row has a flaw. Rows whose trade had fewer records than their number end by themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from dying_trader import Step
from kill_rows import Plan, Row, exchange_settings, play
from msgspec.structs import replace

from synthcore.exchange.faults.delay_call import DelayCall
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.partial_fill import PartialFill
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.faults.reject_later import RejectLater
from synthcore.exchange.process import ExchangeProcess

ACCOUNTS = 100  # of one exchange: the rows that are played together
HEDGE = "path=/v5/order/create link=*-S-e0"  # a recovery asks for it on other paths
LATE = DelayCall(ms=40, when=f"request {HEDGE}")
PASSIVE = {"order_pricing": "passive", "leg_timeout_ms": "300"}

# A trade, what goes wrong in it, and how many records it has at most.
STORIES: dict[str, tuple[Plan, int]] = {
    "plain": (Plan(name="plain"), 34),
    "refused": (
        Plan(name="refused", faults=(LATE, RefuseCall(code=110007, when=f"request {HEDGE}"))),
        32,
    ),
    "answer lost": (Plan(name="answer lost", faults=(LoseAnswer(when=f"reply {HEDGE}"),)), 40),
    "rejected": (Plan(name="rejected", faults=(LATE, RejectLater(when="accepted link=*-S-e0"))), 32),
    "partial": (Plan(name="partial", faults=(PartialFill(share=0.3, when="accepted link=*-S-e0"),)), 40),
    "timed out": (Plan(name="timed out", settings=PASSIVE, long_price=60010.0), 36),
}
ENTRIES = {
    "rest": {"order_entry": "rest"},
    "socket": {"order_entry": "socket"},
    "fast lane": {"topology": "inline", "fast_lane": "on"},
}


def plans(stories: list[str], durabilities: list[str], entries: list[str], every: int) -> Iterator[Plan]:
    """Every row: story, order entry, durability, record, and on which side of it."""
    for durability, story, entry in product(durabilities, stories, entries):
        base, records = STORIES[story]
        if entry == "fast lane":
            if "order_pricing" in base.settings:
                continue  # it knows no resting orders
            base = replace(base, by_fast_lane=True)
        settings = {**base.settings, **ENTRIES[entry], "journal": durability}
        for number, when in product(range(1, records + 1, every), ("before", "after")):
            step = Step(when, number=number)  # type: ignore[arg-type]
            yield replace(base, name=f"{story}, {entry}, {durability}, {step}", step=step, settings=settings)


def played(some: list[Plan]) -> list[Row]:
    settings = exchange_settings(len(some))
    with tempfile.TemporaryDirectory() as folder, ExchangeProcess(settings) as ready:
        os.environ["XDG_RUNTIME_DIR"] = folder  # the locks
        return list(asyncio.run(play(ready, some, Path(folder))).values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--every", type=int, default=1, help="only each n-th record")
    parser.add_argument("--stories", default=",".join(STORIES))
    parser.add_argument("--durabilities", default="normal,full")
    parser.add_argument("--entries", default=",".join(ENTRIES))
    given = parser.parse_args()
    logging.disable(logging.ERROR)  # each row warns of what was forced
    began_s = time.monotonic()
    rows: list[Row] = []
    lists = (given.stories, given.durabilities, given.entries)
    todo = list(plans(*(text.split(",") for text in lists), given.every))
    for first in range(0, len(todo), ACCOUNTS):
        rows += played(todo[first : first + ACCOUNTS])
        print(f"{len(rows)} rows, {time.monotonic() - began_s:.0f} s", file=sys.stderr)
    killed = [row for row in rows if row.was_killed]
    table(killed)
    flawed = {row.name: row.flaws() for row in rows if row.flaws()}
    facts = {"rows": len(rows), "killed": len(killed), "flawed": flawed}
    print(json.dumps({**facts, "wall_s": round(time.monotonic() - began_s), "load": os.getloadavg()}))
    return 1 if flawed else 0


def table(rows: list[Row]) -> None:
    """By story: what the exchange had at the kills, and how the trades ended."""
    print("| story | kills | on the exchange when killed | end |")
    print("|---|---:|---|---|")
    for story in STORIES:
        some = [row for row in rows if row.name.startswith(f"{story},")]
        held = Counter(row.at_kill for row in some)
        ends = Counter(row.ends[0] if row.ends else "no trade yet" for row in some)
        print(f"| {story} | {len(some)} | {counted(held)} | {counted(ends)} |")


def counted(found: Counter[str]) -> str:
    return "; ".join(f"{what}: {times}" for what, times in found.most_common())


if __name__ == "__main__":
    sys.exit(main())
