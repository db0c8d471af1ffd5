"""The lane's slot in plain C: what is taken back is never spent, whatever the moment; no race."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tests/native/lane_stress.c"
CFLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]


def build(folder: Path, *flags: str) -> Path:
    program = folder / "lane_stress"
    include = f"-I{ROOT / 'synthcore/_core'}"
    command = ["gcc", *CFLAGS, *flags, include, str(SOURCE), "-o", str(program), "-lm"]
    subprocess.run(command, check=True, timeout=60)
    return program


def stress(program: Path, rounds: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(program), str(rounds)], capture_output=True, text=True, timeout=60, check=False
    )


def test_every_allowance_is_spent_or_taken_back_and_never_both(tmp_path: Path) -> None:
    result = stress(build(tmp_path), 300_000)

    assert result.returncode == 0, result.stderr


def test_thread_sanitizer_finds_no_race(tmp_path: Path) -> None:
    try:
        program = build(tmp_path, "-fsanitize=thread", "-Wno-tsan")
    except subprocess.CalledProcessError:
        pytest.skip("gcc can't build with -fsanitize=thread here")

    result = stress(program, 100_000)

    assert result.returncode == 0, result.stderr
    assert "WARNING: ThreadSanitizer" not in result.stderr


def test_address_and_undefined_behaviour_sanitizers_find_nothing(tmp_path: Path) -> None:
    program = build(tmp_path, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

    result = stress(program, 100_000)

    assert result.returncode == 0, result.stderr


def test_the_stress_fails_where_a_revocation_is_a_plain_store(tmp_path: Path) -> None:
    program = build(tmp_path, "-DLANE_REVOKE_BLINDLY", "-fsanitize=thread", "-Wno-tsan")

    result = stress(program, 2_000_000)

    assert result.returncode != 0
