"""Print the table of docs/performance.md from several runs: ``python benchmarks/table.py RUN.json …``.

Whole runs one after the other are the interleaved rounds; a cell is the median over the runs of that run's
percentile, for one item where a benchmark handles many at once. The ratio is to the first row, which is ours.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

import msgspec

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


class Stats(msgspec.Struct):
    median: float
    data: list[float]


class Row(msgspec.Struct):
    name: str
    group: str
    stats: Stats
    extra_info: dict[str, object]


class Run(msgspec.Struct):
    machine_info: dict[str, object]
    datetime: str
    benchmarks: list[Row]


class Contender:
    """One row of the table: a figure a run."""

    def __init__(self) -> None:
        self.p50s: list[float] = []
        self.p99s: list[float] = []

    def add(self, row: Row) -> None:
        items = int(str(row.extra_info.get("items", 1)))
        rounds = sorted(row.stats.data)
        self.p50s.append(row.stats.median / items)
        self.p99s.append(rounds[int(0.99 * len(rounds))] / items)

    @property
    def p50_s(self) -> float:
        return median(self.p50s)


def main(paths: list[str]) -> None:
    runs = [msgspec.json.decode(Path(path).read_bytes(), type=Run) for path in paths]
    print(f"{len(runs)} runs, {runs[0].datetime} to {runs[-1].datetime}")
    for key in runs[0].machine_info:
        print(f"{key}: {' | '.join(str(run.machine_info[key]) for run in runs)}")
    for group, contenders in grouped(runs).items():
        print(f"\n**{group}**\n\n| contender | to ours | p50 | p99 |\n|---|---:|---:|---:|")
        ours = next(iter(contenders.values()))
        for name, found in contenders.items():
            ratio = found.p50_s / ours.p50_s
            print(f"| {name} | {ratio:.2f} × | {time(found.p50_s)} | {time(median(found.p99s))} |")


def grouped(runs: list[Run]) -> dict[str, dict[str, Contender]]:
    """Contenders by question, each in the order of its file."""
    groups: dict[str, dict[str, Contender]] = defaultdict(lambda: defaultdict(Contender))
    for run in runs:
        for row in run.benchmarks:
            groups[row.group][row.name.removeprefix("test_")].add(row)
    return groups


def time(seconds: float) -> str:
    for size, unit in UNITS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.2g} ns"


if __name__ == "__main__":
    main(sys.argv[1:])
