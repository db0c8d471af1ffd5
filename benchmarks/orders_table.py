"""Print docs/performance.md's table of what an order costs: ``python benchmarks/orders_table.py RUN.json …``.

The runs are of `bench_exchange_orders.py`, some of them with `--hold-idle-states`; a cell is the median of
their medians, µs of the exchange's processor time for one order.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

import msgspec
from table import Run

STATES = ("as they are", "held off")
BOOKS = (10, 10_000)  # resting orders
ORDERS = {
    f"{way_name}, {pace_name}, {kind_name}": f"{pace}[{{}}-{way}-{kind}]"
    for way, way_name in (("http", "HTTP"), ("socket", "trade socket"))
    for pace, pace_name in (("one_at_a_time", "one at a time"), ("flat_out", "100 in one write"))
    for kind, kind_name in (("resting", "comes to rest"), ("filling", "fills"))
}
SERVERS = {
    f"bare {server}, an answer and nothing else, {pace_name}": f"bare_{server}[{at_once}]"
    for server in ("uvicorn", "picows")
    for at_once, pace_name in ((1, "one at a time"), (100, "100 in one write"))
}

Medians = dict[tuple[str, str], list[float]]  # by idle states and benchmark, s for one order


def medians(runs: list[Run]) -> Medians:
    found: Medians = defaultdict(list)
    for run in runs:
        for row in run.benchmarks:
            key = str(run.machine_info["idle_states"]), row.name.removeprefix("test_")
            found[key].append(row.stats.median / int(str(row.extra_info["items"])))
    return found


def cells(found: Medians, name: str) -> str:
    """One row's figures: books by idle states, or one figure where there are no books."""
    books = BOOKS if "{}" in name else (0,)
    of_states = [
        [f"{median(found[state, name.format(book)]) * 1e6:.0f}" for book in books] for state in STATES
    ]
    return " | ".join(" / ".join(figures) for figures in of_states)


def main(paths: list[str]) -> None:
    runs = [msgspec.json.decode(Path(path).read_bytes(), type=Run) for path in paths]
    loads = [float(str(load)) for run in runs for load in msgspec.convert(run.machine_info["load"], list)[:1]]
    print(f"{len(runs)} runs, {runs[0].datetime} to {runs[-1].datetime}, load {min(loads)} to {max(loads)}\n")
    print(f"| µs, 10 / 10,000 resting | {' | '.join(f'idle states {state}' for state in STATES)} |")
    print("|---|---:|---:|")
    found = medians(runs)
    for words, name in (ORDERS | SERVERS).items():
        print(f"| {words} | {cells(found, name)} |")


if __name__ == "__main__":
    main(sys.argv[1:])
