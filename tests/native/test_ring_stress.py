"""The ring in plain C: two threads flat out, the thread sanitizer, and a proof that the stress can fail."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tests/native/ring_stress.c"
CFLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-pthread"]
# gcc says that the sanitizer doesn't model fences; the payload is atomic, so it needs none to judge the ring.
SANITIZER = ["-fsanitize=thread", "-Wno-tsan"]


def build(folder: Path, *flags: str) -> Path:
    program = folder / "ring_stress"
    command = ["gcc", *CFLAGS, *flags, f"-I{ROOT / 'synthcore/_core'}", str(SOURCE), "-o", str(program)]
    subprocess.run(command, check=True, timeout=60)
    return program


def stress(program: Path, pushes: int, capacity: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(program), str(pushes), str(capacity)], capture_output=True, text=True, timeout=60, check=False
    )


def has_thread_sanitizer(folder: Path) -> bool:
    probe = folder / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    linked = subprocess.run(
        ["gcc", *SANITIZER, str(probe), "-o", str(folder / "probe")],
        capture_output=True,
        timeout=60,
        check=False,
    )
    return linked.returncode == 0 and subprocess.run([str(folder / "probe")], check=False).returncode == 0


@pytest.mark.parametrize("capacity", [1, 2, 16, 4096])
def test_no_item_is_torn_late_or_uncounted(tmp_path: Path, capacity: int) -> None:
    program = build(tmp_path)

    result = stress(program, 3_000_000, capacity)

    assert result.returncode == 0, result.stderr


def test_thread_sanitizer_finds_no_race(tmp_path: Path) -> None:
    if not has_thread_sanitizer(tmp_path):
        pytest.skip("gcc can't build or run a program with -fsanitize=thread here")
    program = build(tmp_path, *SANITIZER)

    result = stress(program, 300_000, 64)

    assert result.returncode == 0, result.stderr
    assert "WARNING: ThreadSanitizer" not in result.stderr


def test_address_and_undefined_behaviour_sanitizers_find_nothing(tmp_path: Path) -> None:
    program = build(tmp_path, "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

    result = stress(program, 300_000, 64)

    assert result.returncode == 0, result.stderr


def test_stress_fails_without_the_consumers_recheck(tmp_path: Path) -> None:
    program = build(tmp_path, "-DRING_SKIP_RECHECK")

    result = stress(program, 20_000_000, 16)

    assert result.returncode == 1
    assert "an item was torn" in result.stderr
