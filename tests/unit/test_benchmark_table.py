"""The table of docs/performance.md: ratios to ours, medians over runs, for one item."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_file(folder: Path, number: int, ours_s: float, rival_s: float) -> str:
    def row(name: str, second: float) -> dict[str, object]:
        stats = {"median": second, "data": [second] * 99 + [3 * second]}
        return {"name": name, "group": "How long?", "stats": stats, "extra_info": {"items": 10}}

    path = folder / f"{number}.json"
    rows = [row("test_ours", ours_s), row("test_rival", rival_s)]
    path.write_text(json.dumps({"machine_info": {"cores": 2}, "datetime": "now", "benchmarks": rows}))
    return str(path)


def test_a_cell_is_the_median_over_the_runs_and_the_ratio_is_to_ours(tmp_path: Path) -> None:
    runs = [(1e-6, 4e-6), (2e-6, 6e-6), (90e-6, 500e-6)]
    paths = [run_file(tmp_path, number, *run) for number, run in enumerate(runs)]

    command = [sys.executable, "benchmarks/table.py", *paths]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "**How long?**" in printed
    assert "| ours | 1.00 × | 200 ns | 600 ns |" in printed
    assert "| rival | 3.00 × | 600 ns | 1.8 µs |" in printed
