"""Parking and cells in plain C: no lost wake-up, no torn value, no race that the thread sanitizer sees."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEADERS = ROOT / "synthcore/_core"
CFLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]


def build(folder: Path, *flags: str, headers: Path = HEADERS) -> Path:
    program = folder / "handoff_stress"
    source = ROOT / "tests/native/handoff_stress.c"
    subprocess.run(
        ["gcc", *CFLAGS, *flags, f"-I{headers}", str(source), "-o", str(program)], check=True, timeout=60
    )
    return program


def stress(program: Path, what: str, rounds: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [program, what, str(rounds)], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(("what", "rounds"), [("park", 20_000), ("cell", 3_000_000)])
def test_every_wake_up_arrives_and_every_cell_is_whole(tmp_path: Path, what: str, rounds: int) -> None:
    result = stress(build(tmp_path), what, rounds)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("what", "rounds"), [("park", 5_000), ("cell", 300_000)])
def test_thread_sanitizer_finds_no_race(tmp_path: Path, what: str, rounds: int) -> None:
    try:
        program = build(tmp_path, "-fsanitize=thread", "-Wno-tsan")
    except subprocess.CalledProcessError:
        pytest.skip("gcc can't build with -fsanitize=thread here")

    result = stress(program, what, rounds)

    assert result.returncode == 0, result.stderr
    assert "WARNING: ThreadSanitizer" not in result.stderr


@pytest.mark.parametrize(
    ("header", "needed", "what", "rounds", "complaint"),
    [
        ("cell.h", "if (load_relaxed(version) == current)", "cell", 30_000_000, "a value was torn"),
        ("waiter.h", "if (load_half_relaxed(&waiter->sleeping) == 0)", "park", 20_000, ""),
    ],
)
def test_stress_fails_without_what_it_proves(
    tmp_path: Path, header: str, needed: str, what: str, rounds: int, complaint: str
) -> None:
    headers = tmp_path / "headers"
    headers.mkdir()
    for source in HEADERS.glob("*.h"):
        text = source.read_text()
        if source.name == header:
            assert needed in text
            text = text.replace(needed, "if (1)")
        (headers / source.name).write_text(text)
    program = build(tmp_path, "-DPATIENCE_S=1", headers=headers)

    result = stress(program, what, rounds)

    assert result.returncode != 0
    assert complaint in result.stderr
