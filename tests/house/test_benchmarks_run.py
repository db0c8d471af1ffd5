"""Every benchmark runs, once, so that none can rot; how fast is no test's business."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "benchmarks").glob("bench_*.py"))
WITHIN_S = 110.0  # of all of them, on a busy machine; a test has 120 s


@pytest.fixture(scope="module")
def outcome() -> str:
    """What pytest says of all benchmarks, each run once."""
    options = ["--benchmark-disable", "-p", "no:cacheprovider", "-v", "-rA"]
    command = [sys.executable, "-m", "pytest", "benchmarks", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_benchmark_runs_with_a_rival_beside_ours(path: Path, outcome: str) -> None:
    ran = set(re.findall(rf"^PASSED benchmarks/{path.name}::(\S+)", outcome, re.MULTILINE))

    assert len(ran) >= 2


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_a_benchmark_begins_with_its_question(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text())) or ""

    assert docstring.partition("\n")[0].endswith("?")


def test_the_plain_test_run_leaves_the_benchmarks_out(request: pytest.FixtureRequest) -> None:
    assert "benchmarks" not in request.config.getini("testpaths")
    assert "bench_*.py" in request.config.getini("python_files")
