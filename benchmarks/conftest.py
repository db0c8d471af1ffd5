"""One table a question: a file's docstring begins with it, and its benchmarks stand beside each other."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore._core.idle import IdleStates

BESIDE = ("Cython", "httpx", "httpcore", "msgspec", "numpy", "picows", "uvicorn", "uvloop")

IDLE_STATES = IdleStates()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--hold-idle-states", action="store_true", help="Let idle cores poll instead of halting."
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("hold_idle_states") and not IDLE_STATES.hold():
        raise pytest.UsageError(f"idle states can't be held off: {IDLE_STATES.reason}")


@pytest.fixture(autouse=True)
def one_table_a_question(request: pytest.FixtureRequest, benchmark: BenchmarkFixture) -> None:
    """Name the table by the question, and by the part of it where a file has several."""
    question = request.module.__doc__.partition("\n")[0]
    benchmark.group = f"{question} [{benchmark.group}]" if benchmark.group else question


def pytest_report_header() -> str:
    """Say on what this was measured; figures without it are worth nothing."""
    load = " ".join(f"{average:.2f}" for average in os.getloadavg())
    cores = f"{os.cpu_count()} x {processor()}, idle states {idle_states()}"
    return f"machine: {cores}, Linux {platform.release()}, load {load}\n{versions()}"


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """The same for the JSON file, in place of what names the host."""
    machine_info.clear()
    machine_info.update(
        cores=os.cpu_count(),
        processor=processor(),
        kernel=platform.release(),
        idle_states=idle_states(),
        load=os.getloadavg(),
        versions=versions(),
    )


def idle_states() -> str:
    return "held off" if IDLE_STATES.held else "as they are"


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def versions() -> str:
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {known(name)}" for name in BESIDE)])


def known(name: str) -> str:
    try:
        return version(name)
    except ImportError:  # PackageNotFoundError is one; uvloop is optional
        return "-"
