"""The scanner in plain C under the address and undefined-behaviour sanitizers, in memory of exact size."""

import gzip
import json
import os
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tests/native/scanner_check.c"
FRAMES = ROOT / "tests/data/frames"
SHARED = Path(os.environ.get("SYNTHTEST_SHARED", ROOT.parent / "shared"))
RECORDED = SHARED / "data/bybit/ws_v5_public_20260809_BTC_SOL_DOGE.jsonl.gz"
CFLAGS = ["-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror"]
SANITIZER = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
SEED = 20261121
OVERREAD = ("while (end - p >= 8)", "while (end - p >= 1)")


def build(folder: Path, headers: Path = ROOT / "synthcore/_core") -> Path:
    program = folder / "scanner_check"
    command = ["gcc", *CFLAGS, *SANITIZER, f"-I{headers}", str(SOURCE), "-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "cannot find -lasan" in built.stderr or "cannot find -lubsan" in built.stderr:
        pytest.skip("gcc has no address or undefined-behaviour sanitizer here")
    assert built.returncode == 0, built.stderr
    return program


def check(program: Path, frames: list[bytes], mutants: int) -> "subprocess.CompletedProcess[bytes]":
    packed = b"".join(struct.pack("<I", len(frame)) + frame for frame in frames)
    return subprocess.run(
        [str(program), str(mutants), str(SEED)], input=packed, capture_output=True, timeout=100, check=False
    )


def hand_made() -> list[bytes]:
    cases = [json.loads(line) for path in FRAMES.glob("*.jsonl") for line in path.read_text().splitlines()]
    return [frame.encode() for case in cases for frame in case["frames"]]


def test_hand_made_frames_and_their_mutants_are_read_within_bounds(tmp_path):
    program = build(tmp_path)

    result = check(program, hand_made(), mutants=500)

    assert result.returncode == 0, f"seed {SEED}: {result.stderr.decode()}"
    frames, accepted, mutants, accepted_mutants, _ = map(int, result.stdout.split())
    assert accepted > 100 and frames > 200
    assert mutants > 100_000 and accepted_mutants > 3_000


def test_recorded_frames_and_their_mutants_are_read_within_bounds(tmp_path):
    if not RECORDED.exists():
        pytest.skip("the recordings are not at hand (SYNTHTEST_SHARED)")
    program = build(tmp_path)
    with gzip.open(RECORDED, "rt") as lines:
        records = [json.loads(line) for line in lines]
    recorded = [record["data"].encode() for record in records if record["t"] == "recv"]

    result = check(program, [frame for frame in recorded if len(frame) < 60_000], mutants=20)

    assert result.returncode == 0, f"seed {SEED}: {result.stderr.decode()}"


def test_check_fails_on_a_scanner_that_reads_too_far(tmp_path):
    right, wrong = OVERREAD
    text = (ROOT / "synthcore/_core/scanner.h").read_text()
    assert right in text
    (tmp_path / "scanner.h").write_text(text.replace(right, wrong))
    program = build(tmp_path, headers=tmp_path)

    result = check(program, hand_made(), mutants=10)

    assert result.returncode != 0
    assert b"heap-buffer-overflow" in result.stderr
