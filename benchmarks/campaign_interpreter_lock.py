"""How long does a frame wait for the interpreter's lock when the trading process is busy?

A stamp that the listener takes can't show it. So the exchange, a process of its own, ends each frame with the
machine's monotonic time of its writing, and the run takes the difference when the frame is published:
`sent_to_queue`. It has the socket and the wake-up in it, so busy runs are held against a quiet one.

Run, with the project installed:
    python benchmarks/campaign_interpreter_lock.py [--seconds 20] [--rounds 3] [--lane]

Each round plays every situation once; the table has the medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from msgspec.json import encode

from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

QUIET = ("--spread", "5")  # nothing qualifies
BUSY = ("--rate-tier", "off", "--cool-down", "0", "--holding", "200", "--half-life", "50")
THREE, FIFTY = ("--max-trades", "3", *BUSY), ("--max-trades", "50", *BUSY)
SITUATIONS: dict[str, tuple[str, ...]] = {
    "quiet": QUIET,
    "3 trades at once": THREE,
    "50 trades at once": FIFTY,
    "50 trades at once, orders by httpx": (*FIFTY, "--order-entry", "rest"),
}
TOPOLOGIES = ("park", "inline")
SYMBOLS = tuple(str(one["symbol"]) for one in instruments_for(["60"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lane", action="store_true", help="with the fast lane, in topology inline")
    given = parser.parse_args()
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(given.rounds):
            for topology in TOPOLOGIES:
                for name, flags in SITUATIONS.items():
                    lane = (
                        ("--fast-lane", "on")
                        if given.lane and topology == "inline" and "httpx" not in name
                        else ()
                    )
                    told = played(Path(folder), given.seconds, ("--topology", topology, *flags, *lane))
                    found.setdefault((topology, name), []).append(told)
                    print(json.dumps({"topology": topology, "situation": name, **told}), flush=True)
    print(table(found))
    return 0


def played(folder: Path, seconds: int, flags: tuple[str, ...]) -> dict[str, Any]:
    """One run on an exchange of its own: what the frames took, in ns, and how much went on."""
    settings = ExchangeSettings(
        symbols=SYMBOLS,
        stamp_frames=True,
        position_mode="hedge",
        rate_tier="off",
        delays="lan",
    )
    with ExchangeProcess(settings) as ready:
        file = folder / "ready.json"
        file.write_bytes(encode(ready))
        file.chmod(0o600)
        names = ",".join(SYMBOLS)
        command = [
            "run",
            "--attach",
            str(file),
            "--symbols",
            names,
            "--duration",
            f"{seconds}s",
            "--json",
            *flags,
        ]
        done = subprocess.run(
            [sys.executable, "-m", "synthcli", *command, "--state", str(folder / "state")],
            capture_output=True,
            text=True,
        )
    last = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {"type": done.stderr}
    if last["type"] != "summary":
        raise SystemExit(f"the run ended without a summary: {last}\n{done.stderr}")
    took = last["latency_ns"]["sent_to_queue"]
    return {
        "p50": took["p50"], "p99": took["p99"], "max": took["max"], "frames": took["count"],
        "trades": last["trades"], "exit_code": done.returncode, "rss_mb": last["rss_bytes"] // 2**20,
    }  # fmt: skip


def table(found: dict[tuple[str, str], list[dict[str, Any]]]) -> str:
    rows = [
        "| topology | situation | trades | p50 µs | p99 µs | p99 to quiet |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for (topology, name), runs in found.items():
        p50, p99, trades = (median(run[key] for run in runs) for key in ("p50", "p99", "trades"))
        quiet = median(run["p99"] for run in found[topology, "quiet"])
        times = f"{p50 / 1e3:.0f} | {p99 / 1e3:.0f} | {p99 / quiet:.1f} ×"
        rows.append(f"| {topology} | {name} | {trades:.0f} | {times} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
