"""Do the compiled parser and the reference decoder agree on ten million frames, most of them broken?

Recorded and hand-made frames are mutated (other digits, flipped bits, pieces put in, taken out, repeated, cut
off), fed to `TickerParser` and to the reference, which is msgspec and plain Python, and outcome and quote are
compared after each frame. One process for each core, each with seeds of its own.

Run, with the project and its `test` extra installed:
    python benchmarks/campaign_differential.py [--frames 10000000] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "property"))

from recorded_frames import corpus, recorded
from test_parser_differential import OURS, Both, mutated

AT_ONCE = 50_000  # frames of one seed
BEFORE_A_RESET = 10
LONGEST = 2000  # bytes of a frame


def frames() -> list[bytes]:
    hand_made = [frame.encode() for case in corpus() for frame in case["frames"]]
    found = [frame for each in recorded().values() for frame in each if frame.startswith(OURS)]
    return [frame for frame in found + hand_made if len(frame) < LONGEST]  # whole snapshots come first


def by_topic(given: list[bytes]) -> list[list[bytes]]:
    """The frames of each topic that has a snapshot, which comes first."""
    topics: dict[bytes, list[bytes]] = {}
    for frame in sorted(given, key=lambda frame: b'"type":"snapshot"' not in frame):
        topics.setdefault(frame.split(b'"', 4)[3] if frame.count(b'"') > 3 else b"", []).append(frame)
    return list(topics.values())


def compare(count: int, seed: int) -> Counter[str]:
    """Feed so many frames to both; what became of them, and how many the scanner left to the reference."""
    dice, both = random.Random(seed), Both()
    topics = by_topic(frames())
    sizes = [len(given) for given in topics]
    for number in range(count):
        if number % BEFORE_A_RESET == 0:
            (given,) = dice.choices(topics, sizes)
            both.reset()
            both.feed(given[0])
        elif dice.random() < 0.3:
            both.feed(dice.choice(given))
        else:
            both.feed(mutated(dice.choice(given), dice))
    both.outcomes["left to the reference"] = both.compiled.counters()["fallback"]
    return both.outcomes


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--frames", type=int, default=10_000_000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()

    began_s = time.monotonic()
    seeds = range(asked.seed, asked.seed + -(-asked.frames // AT_ONCE))
    outcomes: Counter[str] = Counter()
    with ProcessPoolExecutor(os.cpu_count()) as processes:
        for found in processes.map(compare, repeat(AT_ONCE), seeds):
            outcomes += found
    fallen = outcomes.pop("left to the reference")
    seconds = round(time.monotonic() - began_s, 1)
    summary = {
        "frames": outcomes.total(),
        "left_to_the_reference": fallen,
        "outcomes": outcomes,
        "seconds": seconds,
    }
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
