"""Does the scanner stay within its frame, whatever bytes it is given, and was every branch of it taken?

A billion bytes of hand-made and recorded frames and their mutants, each in memory of exactly its size, go
through the scanner under the address and undefined-behaviour sanitizers. The same frames then go through it
compiled for gcov, which says which branches were taken. The scanner has one path for all processors: words of
eight bytes, in C; there is no other to force.

Run, with gcc:
    python benchmarks/campaign_scanner.py [--bytes 1000000000] [--seed 1]
"""

from __future__ import annotations

import argparse
import json
import re
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "property"))

from recorded_frames import corpus, recorded  # noqa: E402

SOURCE = ROOT / "tests/native/scanner_check.c"
HEADERS = ROOT / "synthcore/_core"
SANITIZED = ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COVERED = ["-O0", "--coverage"]
LONGEST = 60_000  # bytes of a frame
RECORDED_EVERY = 40  # of the recorded frames, so that mutants of all kinds of them come into a billion bytes
MUTANTS_FOR_COVERAGE = 2000
MEMBER = re.compile(rb'"[a-z]\w*":(?:"[^"]*"|\d+|\[[^{}]*?\]),')  # each is repeated once: a second one is odd
BRANCH = re.compile(r"^branch +\d+ (?:taken (\d+)|(never executed))", re.MULTILINE)


def frames() -> list[bytes]:
    hand_made = [frame.encode() for case in corpus() for frame in case["frames"]]
    found = [frame for each in recorded().values() for frame in each[::RECORDED_EVERY]]
    found += [
        frame[: at.start()] + at[0] + frame[at.start() :] for frame in found for at in MEMBER.finditer(frame)
    ]
    return [frame for frame in hand_made + found if len(frame) < LONGEST]


def build(folder: Path, flags: list[str]) -> Path:
    program = folder / "scanner_check"
    command = ["gcc", "-std=c11", *flags, f"-I{HEADERS}", str(SOURCE), "-o", str(program)]
    subprocess.run(command, cwd=folder, check=True)
    return program


def scan(program: Path, given: list[bytes], mutants: int, seed: int) -> tuple[int, ...]:
    """Frames, accepted ones, mutants, accepted ones, bytes."""
    packed = b"".join(struct.pack("<I", len(frame)) + frame for frame in given)
    done = subprocess.run(
        [program, str(mutants), str(seed)],
        input=packed,
        stdout=subprocess.PIPE,
        cwd=program.parent,
        check=False,
    )
    if done.returncode:
        sys.exit(f"seed {seed}: the scanner failed, see above")
    return tuple(map(int, done.stdout.split()))


def branches(given: list[bytes], seed: int) -> tuple[int, int, list[str]]:
    """Branches of the scanner that were taken, all of them, and the lines of those that were not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scan(build(folder, COVERED), given, MUTANTS_FOR_COVERAGE, seed)
        (counts,) = folder.glob("*.gcda")
        subprocess.run(["gcov", "-b", "-c", counts], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        report = (folder / "scanner.h.gcov").read_text()
    taken, missed, line = 0, [], ""
    for text in report.splitlines():
        if (found := BRANCH.match(text)) is None:
            line = text if re.match(r" *[\d#*-]+\*?: *\d+:", text) else line
        elif found[1] not in (None, "0"):
            taken += 1
        else:
            missed.append(line.strip())
    return taken, taken + len(missed), missed


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--bytes", type=int, default=1_000_000_000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()

    given, began_s = frames(), time.monotonic()
    total, mutants, accepted, seed = 0, 0, 0, asked.seed
    with tempfile.TemporaryDirectory() as name:
        program = build(Path(name), SANITIZED)
        while total < asked.bytes:
            _, _, more, right, size = scan(program, given, 200, seed)
            total, mutants, accepted, seed = total + size, mutants + more, accepted + right, seed + 1
    taken, of, missed = branches(given, asked.seed)
    print(*missed, sep="\n", file=sys.stderr)
    print(
        json.dumps(
            {
                "frames": len(given),
                "mutants": mutants,
                "accepted_mutants": accepted,
                "bytes": total,
                "branches_taken": taken,
                "branches": of,
                "seconds": round(time.monotonic() - began_s, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
