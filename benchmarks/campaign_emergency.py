"""How long is it from the moment at which a hedge is seen to fail until the exchange says that all is flat?

Cases are forced over real sockets, with the reply delays of `realistic`: the hedge is refused after the
other leg's fill, rejected after its acknowledgement, not filled in time, or filled in part. They go by REST
and by the trade socket, or with `--fast-lane` have their entries sent by it, and under four conditions:
nothing else wrong; the window of order creations used up by our own entries; used up by somebody else on the
account; the private stream down. Times are from the journal's own stamps; of a case that was filled in part
it is the time to balanced legs.

Run, with the project installed:
    PYTHONPATH=tests/support python benchmarks/campaign_emergency.py [--cases 300] [--seed 1] [--fast-lane]

It exits with 1 if a case took a second or more; with the window used up from outside, from its reset on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from emergency import BY_DESK, CONDITIONS, KINDS, Closed, Condition, Entry, exchange_settings, flat_now
from msgspec.structs import replace

from synthcore.exchange.process import ExchangeProcess

LIMIT_NS = 1_000_000_000
SHARES = {"plain": 1.0, "own window": 1 / 3, "outside window": 1 / 3, "stream down": 1 / 3}


def play(
    condition: Condition, entries: tuple[Entry, ...], cases: int, seed: int, folder: Path
) -> list[Closed]:
    """All kinds by every way, in a seeded order, on an exchange of their own."""
    found: list[Closed] = []
    rounds = [(entry, kind) for entry in entries for kind in KINDS]
    random.Random(seed).shuffle(rounds)
    each = -(-cases // len(rounds))
    with ExchangeProcess(replace(exchange_settings(condition), seed=seed)) as ready:
        for entry, kind in rounds:
            path = folder / f"{condition}-{entry}-{kind}.sqlite".replace(" ", "-")
            found += asyncio.run(CONDITIONS[condition](ready, entry, kind, path, each))
            assert flat_now(ready), f"{condition}, {entry}, {kind}: something is held"
            print(f"{condition}, {entry}, {kind}: {row(found[-each:])}", file=sys.stderr)
    return found


def row(cases: Iterable[Closed], late: bool = False) -> str:
    """The distribution in ms."""
    took = sorted((case.late_ns if late else case.took_ns) / 1e6 for case in cases)
    p50, p90, p99 = (took[min(len(took) - 1, int(share * len(took)))] for share in (0.5, 0.9, 0.99))
    return f"{len(took)} | {p50:.0f} | {p90:.0f} | {p99:.0f} | {took[-1]:.0f}"


def is_in_time(case: Closed) -> bool:
    """Under a second, and proven flat; what others used up is not on our account."""
    took_ns = case.late_ns if case.condition == "outside window" else case.took_ns
    return took_ns < LIMIT_NS and case.end != "UNRESOLVED"


def table(found: list[Closed], entries: tuple[Entry, ...]) -> None:
    print("| condition | order entry | hedge | cases | p50 ms | p90 | p99 | max |")
    print("|---|---|---|---:|---:|---:|---:|---:|")
    for condition in CONDITIONS:
        mine = [case for case in found if case.condition == condition]
        for entry in entries:
            for kind in KINDS:
                some = [case for case in mine if (case.entry, case.kind) == (entry, kind)]
                print(f"| {condition} | {entry} | {kind} | {row(some)} |")
        print(f"| **{condition}** | all | all | {row(mine)} |")
        if condition == "outside window":
            print(f"| {condition}, from the reset on | all | all | {row(mine, late=True)} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fast-lane", action="store_true", help="entries leave by the fast lane")
    given = parser.parse_args()
    entries: tuple[Entry, ...] = ("fast lane",) if given.fast_lane else BY_DESK
    logging.disable(logging.ERROR)  # each case warns of what was forced
    found: list[Closed] = []
    before = os.getloadavg()
    with tempfile.TemporaryDirectory() as folder:
        for condition, share in SHARES.items():
            found += play(condition, entries, int(given.cases * share), given.seed, Path(folder))
    table(found, entries)
    late = [case for case in found if not is_in_time(case)]
    facts = {"cases": len(found), "late": [str(case) for case in late], "seed": given.seed}
    print(json.dumps({**facts, "load_before": before, "load_after": os.getloadavg()}))
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
