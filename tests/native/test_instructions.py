"""The hot path's instructions, counted by callgrind: the same on a busy machine, and no more than they were.

The counts are kept per compiler in `instructions.json`; another compiler's are added by
`python tests/native/test_instructions.py`.
"""

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).parent / "instructions.json"
CFLAGS = ["-std=gnu11", "-O3", "-ffp-contract=off", "-fno-math-errno", "-march=x86-64"]
OPERATIONS = ("parse_ticker", "parse_book", "ring", "histogram", "qualify")
TOLERANCE = 0.05
TIMES = 20_000  # so that what is done once does not count
IN_PYTHON = """
import sys
from array import array
from types import SimpleNamespace
sys.path.insert(0, ".")
from synthcore._core.qualify import evaluate_many
times = int(sys.argv[1])
doubles = [array("d", [value]) * times for value in (50.0, 0.0075, 1000.0, 5000.0, 11.0)]
boosts = [array("i", [0]) * times] * 3
rules = SimpleNamespace(
    min_funding_delta=0.0001, min_depth_multiple=2.0, min_profit_bps=0.0, funding_cost_bps=10.0,
    slippage_base_bps=2.0, slippage_slope_bps=3.0, slippage_cap_bps=5.0, min_confidence=70,
)
out = [array("d", bytes(8 * times)) for _ in range(3)]
octets = [bytearray(times) for _ in range(3)]
evaluate_many(*doubles, *boosts, rules, out[0], octets[0], out[1], out[2], octets[1], octets[2])
"""


def compiler() -> str:
    version = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=True).stdout
    return f"gcc {version.strip()} {platform.machine()}"


def build(folder: Path) -> Path:
    program = folder / "instructions"
    source = str(Path(__file__).with_name("instructions.c"))
    command = ["gcc", *CFLAGS, f"-I{ROOT / 'synthcore/_core'}", source, "-o", str(program)]
    subprocess.run(command, check=True, timeout=60)
    return program


def counted(folder: Path, function: str, command: list[str]) -> int:
    """Instructions within a function and what it calls."""
    out = folder / "callgrind.out"
    options = [f"--toggle-collect={function}", f"--callgrind-out-file={out}"]
    subprocess.run(
        ["valgrind", "--tool=callgrind", *options, *command],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=100,
    )
    (total,) = re.findall(r"^totals: (\d+)", out.read_text(), re.MULTILINE)
    return int(total)


def instructions(folder: Path, operation: str) -> float:
    """Instructions of one operation."""
    if operation == "qualify":
        function, command = "*evaluate_many*", [sys.executable, "-I", "-S", "-c", IN_PYTHON]
    else:
        function, command = "work", [str(build(folder)), operation]
    return counted(folder, function, [*command, str(TIMES)]) / TIMES


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_takes_no_more_instructions_than_it_did(operation, tmp_path):
    kept = json.loads(KEPT.read_text()).get(compiler())
    if kept is None:
        pytest.skip(f"nothing is kept for {compiler()}: run python {Path(__file__).relative_to(ROOT)}")

    assert instructions(tmp_path, operation) == pytest.approx(kept[operation], rel=TOLERANCE)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        found = {operation: round(instructions(Path(name), operation), 1) for operation in OPERATIONS}
    everything = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    KEPT.write_text(json.dumps(everything | {compiler(): found}, indent=2) + "\n")
    print(compiler(), found)
