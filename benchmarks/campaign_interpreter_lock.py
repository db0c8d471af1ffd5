"""How long does a frame wait for the interpreter's lock when the trading process is busy?

A stamp that the listener takes can't show it. So the exchange, a process of its own, ends each frame with the
machine's monotonic time of its writing, and the run takes the difference when the frame is published:
`sent_to_queue`. It has the socket and the wake-up in it, so busy runs are held against a quiet one.

Beside each run a second process takes the same frames and does nothing else (`feed_alone.py`): what a feed
would have if it had a process, and so a lock, of its own. It waits for the sender, the kernel and the other
feed, not for the lock.

Run, with the project installed:
    python benchmarks/campaign_interpreter_lock.py [--seconds 20] [--rounds 3] [--lane]

Each round plays every situation once; the table has the medians over the rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pty
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from msgspec.json import encode

from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings

QUIET = ("--spread", "5")  # nothing qualifies
BUSY = ("--rate-tier", "off", "--cool-down", "0", "--holding", "200", "--half-life", "50")
THREE, FIFTY = ("--max-trades", "3", *BUSY), ("--max-trades", "50", *BUSY)
BY_HTTPX = ("--order-entry", "rest")
OFTEN_S = 0.02  # from one snapshot of all figures to the next
TOPOLOGIES = ("park", "inline")
SYMBOLS = tuple(str(one["symbol"]) for one in instruments_for(["60"]))
NAMES = ",".join(SYMBOLS)
LOOK_EVERY_S = 0.05
MIB = 2**20

RUN = "from synthcli.__main__ import main; main()"
SNAPSHOTS = f"from synthcore.monitor.plain import PlainLines; PlainLines.status_every_s = {OFTEN_S}; {RUN}"


class Situation(NamedTuple):
    """What goes on while frames come."""

    flags: tuple[str, ...]
    code: str = RUN
    is_shown: bool = False  # on a terminal: the live view

    @property
    def by_lane(self) -> bool:
        return BY_HTTPX[0] not in self.flags


SITUATIONS = {
    "quiet": Situation(QUIET),
    "3 trades at once": Situation(THREE),
    "50 trades at once": Situation(FIFTY),
    "50 trades, live view": Situation(FIFTY, is_shown=True),
    "50 trades, 50 snapshots a second": Situation(FIFTY, SNAPSHOTS),
    "50 trades, orders by httpx": Situation((*FIFTY, *BY_HTTPX)),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lane", action="store_true", help="with the fast lane, in topology inline")
    given = parser.parse_args()
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for _ in range(given.rounds):
        for topology in TOPOLOGIES:
            for name, situation in SITUATIONS.items():
                has_lane = given.lane and topology == "inline" and situation.by_lane
                lane = ("--fast-lane", "on") if has_lane else ()
                told = played(situation, given.seconds, ("--topology", topology, *lane))
                found.setdefault((topology, name), []).append(told)
                print(json.dumps({"topology": topology, "situation": name, **told}), file=sys.stderr)
    print(table(found))
    return 0


def played(situation: Situation, seconds: int, flags: tuple[str, ...]) -> dict[str, Any]:
    """One run on an exchange of its own: what the frames took, in ns, and how much went on."""
    settings = ExchangeSettings(
        symbols=SYMBOLS,
        stamp_frames=True,
        position_mode="hedge",
        rate_tier="off",
        delays="lan",
    )
    with tempfile.TemporaryDirectory() as name, ExchangeProcess(settings) as ready, alone(ready) as other:
        folder = Path(name)
        (folder / "ready.json").write_bytes(encode(ready))
        (folder / "ready.json").chmod(0o600)
        command = ["run", "--attach", str(folder / "ready.json"), "--symbols", NAMES, "--state", name]
        command += ["--duration", f"{seconds}s", *situation.flags, *flags]
        with running([sys.executable, "-c", situation.code, *command], situation.is_shown) as run:
            pss_mb = watched(run, other, folder)
            last = summary_of(folder)
        assert other.stdin is not None and other.stdout is not None
        other.stdin.close()
        beside = json.loads(other.stdout.read())
    took = last["latency_ns"]["sent_to_queue"]
    return {
        "p50": took["p50"], "p99": took["p99"], "max": took["max"], "frames": took["count"],
        "alone_p50": beside["p50"], "alone_p99": beside["p99"],
        "trades": last["trades"], "exit_code": run.returncode, "pss_mb": pss_mb,
    }  # fmt: skip


@contextlib.contextmanager
def alone(ready: Ready) -> Iterator[subprocess.Popen[str]]:
    """The feed that has a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("feed_alone.py")), ready.ws_public, NAMES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextlib.contextmanager
def running(command: list[str], is_shown: bool) -> Iterator[subprocess.Popen[bytes]]:
    """A run, on a terminal of its own if it is to be shown."""
    if not is_shown:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
            yield run
        return
    master, slave = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment) as run:
        os.close(slave)
        threading.Thread(target=swallow, args=(master,), daemon=True).start()
        yield run


def swallow(master: int) -> None:
    """Read a terminal until nobody writes to it."""
    with contextlib.suppress(OSError):
        while os.read(master, 65536):
            pass
    os.close(master)


def watched(run: subprocess.Popen[bytes], other: subprocess.Popen[str], folder: Path) -> int:
    """Let the other feed measure while the run trades; gives the run's most memory with children, in MiB."""
    most_kb = 0
    assert other.stdin is not None
    while run.poll() is None:
        if not most_kb and any((folder / "runs").glob("*.jsonl")):
            other.stdin.write("\n")
            other.stdin.flush()
            most_kb = 1
        if most_kb:
            most_kb = max(most_kb, sum(pss_kb(pid) for pid in (run.pid, *children_of(run.pid))))
        time.sleep(LOOK_EVERY_S if not most_kb else 1.0)
    return most_kb * 1024 // MIB


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def pss_kb(pid: int) -> int:
    """Proportional set size; 0 once it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def summary_of(folder: Path) -> dict[str, Any]:
    """The last word of the run's own record."""
    (record,) = (folder / "runs").glob("*.jsonl")
    last: dict[str, Any] = json.loads(record.read_text().splitlines()[-1])
    if last["type"] != "summary":
        raise SystemExit(f"the run ended without a summary: {last}")
    return last


def table(found: dict[tuple[str, str], list[dict[str, Any]]]) -> str:
    rows = [
        "| topology | situation | trades | p50 µs | p99 µs | p99 to quiet | alone p50 / p99 µs | PSS MB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for (topology, name), runs in found.items():
        keys = ("p50", "p99", "trades", "alone_p50", "alone_p99", "pss_mb")
        p50, p99, trades, alone_p50, alone_p99, pss_mb = (median(run[key] for run in runs) for key in keys)
        quiet = median(run["p99"] for run in found[topology, "quiet"])
        times = f"{p50 / 1e3:.0f} | {p99 / 1e3:.0f} | {p99 / quiet:.1f} ×"
        beside = f"{alone_p50 / 1e3:.0f} / {alone_p99 / 1e3:.0f}"
        rows.append(f"| {topology} | {name} | {trades:.0f} | {times} | {beside} | {pss_mb:.0f} |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
