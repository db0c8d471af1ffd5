"""What does each setting of the machine, each topology and the fast lane do to the way of a tick?

Every setting that a run asks of the machine is on, then one of them is off, then all are; each cell opens and
closes a market side and a desk of its own, and the cells take turns, round for round. A tick comes from
another process and bears the time of its writing. A cell tells, in each round:

- `inside`: the listener has the tick → both orders are with the socket;
- `whole`: the tick is written → both orders are with the socket: the wake-up and the interpreter's lock, too;
- `hand-over`: an update is due → the parked strategy has it, at 1,000 a second.

"all on" is measured twice in a round: what its two rows differ by says nothing.

Run, with the project installed, nothing else running:
    python benchmarks/campaign_settings.py [--rounds 7] [--ticks 60]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import mmap
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from statistics import median
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from msgspec.structs import replace

from synthcore._core.ring import Ring
from synthcore.bench import hand_over
from synthcore.bench.pairs import beside
from synthcore.bench.question import FULL, Reading, latencies
from synthcore.bench.tick_server import running
from synthcore.bench.trades import SENT, Ours, Venue, config_of, running_exchange, wired
from synthcore.config import SyntheticConfig
from synthcore.engine.machine import Machine
from synthcore.exchange.ready import Ready

ATTEMPTS = 5
WARM_UP = 5
PAUSE_S = 0.01
SLOTS = 4096

ON = {"hold_idle_states": True, "realtime": True, "lock_memory": True, "freeze_collector": True}
SLOW_SWITCH = {"switch_interval_us": 5000}  # the interpreter's own default


class Cell(NamedTuple):
    """One row: what is set, and how the tick goes."""

    name: str
    changes: Mapping[str, Any] = MappingProxyType({})
    topology: Literal["inline", "spin", "park"] = "inline"
    by_lane: bool = True
    is_busy: bool = False  # another Python thread computes

    @property
    def config(self) -> SyntheticConfig:
        return replace(config_of(self.topology), **(ON | {**self.changes}))


SETTINGS = (
    Cell("all on"),
    *(Cell(f"{name} off", {name: False}) for name in ON),
    Cell("all off", {name: False for name in ON} | SLOW_SWITCH),
    Cell("all on, a busy Python thread", is_busy=True),
    Cell("the same, switch_interval_us 5000", SLOW_SWITCH, is_busy=True),
)
WAYS = (
    Cell("inline, fast lane"),
    *(Cell(f"{topology}, desk", topology=topology, by_lane=False) for topology in ("inline", "park", "spin")),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--ticks", type=int, default=60, help="in a cell and round")
    given = parser.parse_args()
    found: dict[str, dict[str, list[Reading]]] = {}
    for round_ in range(given.rounds):
        with running_exchange() as exchange:  # a new one each: its book is worn by thousands of trades
            for cell in (*SETTINGS, *WAYS):
                readings = measured(exchange, cell, given.ticks)
                for name, reading in readings.items():
                    found.setdefault(cell.name, {}).setdefault(name, []).append(reading)
                told = {name: [reading.value, reading.p99] for name, reading in readings.items()}
                print(json.dumps({"round": round_, "cell": cell.name} | told), file=sys.stderr, flush=True)
    print(table([cell.name for cell in SETTINGS], found, ("inside", "whole", "hand-over")), "\n")
    print(table([cell.name for cell in WAYS], found, ("inside", "whole")), "\n")
    fresh, touched = (
        median(first_lap(make) for _ in range(given.rounds)) for make in (new_memory, own_memory)
    )
    print(f"a ring's first lap, a push: {fresh:.0f} ns in new memory, {touched:.0f} ns in touched memory")
    return 0


def measured(exchange: Ready, cell: Cell, ticks: int) -> dict[str, Reading]:
    """One round of a cell, in ns."""
    with ExitStack() as stack:
        if cell.is_busy:
            stack.enter_context(beside(hand_over.compute))
        took = traded(exchange, cell, ticks)
        machine = Machine(cell.config)
        machine.hold()
        stack.callback(machine.release)
        handed = hand_over.ours("park", FULL, realtime=cell.config.realtime)
    inside, whole = zip(*took, strict=True)
    return {"inside": latencies(inside), "whole": latencies(whole), "hand-over": handed}


def traded(exchange: Ready, cell: Cell, ticks: int) -> list[tuple[float, float]]:
    """Each tick's way, from the listener and from its writing; anew where an order came too late to fill."""
    for _ in range(ATTEMPTS):
        try:
            return asyncio.run(all_ticks(exchange, cell, ticks))
        except (AssertionError, TimeoutError) as error:
            print(f"{cell.name}, once more: {error}", file=sys.stderr)
    raise SystemExit(f"{cell.name}: trades should fill, {ATTEMPTS} times in a row one did not")


async def all_ticks(exchange: Ready, cell: Cell, ticks: int) -> list[tuple[float, float]]:
    async with ready_for_ticks(exchange, cell) as ours:
        return [await one_tick(ours) for _ in range(WARM_UP + ticks)][WARM_UP:]


@asynccontextmanager
async def ready_for_ticks(exchange: Ready, cell: Cell) -> AsyncIterator[Ours]:
    with running() as (ticks, url):
        venue = Venue(exchange, ticks, url)
        async with wired(venue, cell.config, by_socket=True, by_lane=cell.by_lane) as ours:
            ours.market.machine.freeze_collector()
            try:
                yield ours
            finally:
                ours.market.machine.thaw_collector()


async def one_tick(ours: Ours) -> tuple[float, float]:
    pipeline = ours.market.pipeline
    pipeline.sent_to_queue.reset()  # the feed's thread has nothing to do now
    pipeline.ws_to_queue.reset()
    stamps = await ours.one_tick()
    inside_ns = stamps[SENT] - stamps[0]
    before_ns = pipeline.sent_to_queue.max - pipeline.ws_to_queue.max
    await asyncio.sleep(PAUSE_S)
    return float(inside_ns), float(before_ns + inside_ns)


# ── memory that was touched before ────────────────────────────────────────────────────────────────────────


def first_lap(make: Callable[[], Ring]) -> float:
    """Ns for a push, the first time round."""
    ring = make()
    begun_ns = time.monotonic_ns()
    for _ in range(SLOTS):
        ring.push(0, 99.5, 100.5, 1.0, 2.0, 0, 0)
    return (time.monotonic_ns() - begun_ns) / SLOTS


def new_memory() -> Ring:
    return Ring(SLOTS, mmap.mmap(-1, Ring.size_for(SLOTS)))


def own_memory() -> Ring:
    return Ring(SLOTS)


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────


def table(cells: list[str], found: dict[str, dict[str, list[Reading]]], columns: tuple[str, ...]) -> str:
    """Medians over the rounds, and of each round's ratio to the first row."""
    head = " | ".join(f"{name} p50 / p99 µs | to the first row" for name in columns)
    rows = [f"| | {head} |", "|---|" + "---:|---:|" * len(columns)]
    for cell in cells:
        shown = " | ".join(figures(found[cell][name], found[cells[0]][name]) for name in columns)
        rows.append(f"| {cell} | {shown} |")
    return "\n".join(rows)


def figures(readings: list[Reading], first: list[Reading]) -> str:
    p50, p99 = ([getattr(one, name) for one in readings] for name in ("value", "p99"))
    ratios = [
        median(mine / getattr(other, name) for mine, other in zip(values, first, strict=True))
        for name, values in (("value", p50), ("p99", p99))
    ]
    return f"{median(p50) / 1e3:.1f} / {median(p99) / 1e3:.1f} | {ratios[0]:.2f} / {ratios[1]:.2f} ×"


if __name__ == "__main__":
    sys.exit(main())
