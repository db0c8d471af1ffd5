"""The rivals that are here: Python packages that can be imported, and programs that `make rivals` built."""

from __future__ import annotations

import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from synthcore.bench.pairs import urgent

WITHIN_S = 30.0


def package(name: str) -> Any | None:
    """A package, if it is installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


class Measured(msgspec.Struct):
    """What a native rival prints."""

    items: int = 0
    ns: int = 0
    ns_each: float = 0.0
    frames: int = 0
    cpu_ns: int = 0
    passed: int = 0
    checked: int = 0
    samples_ns: list[float] = []


class Native:
    """The folder of native rivals.

    Parameters
    ----------
    folder
        Where they were built; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.queues = {name: program for program in ("queues", "rivals") for name in self._names(program)}

    def has(self, program: str) -> bool:
        return (self._folder / program).is_file()

    def run(self, program: str, *words: object) -> Measured:
        """Run one for one round, before ordinary processes where that is allowed."""
        command = [str(self._folder / program), *map(str, words)]
        with urgent():
            done = subprocess.run(command, capture_output=True, timeout=WITHIN_S, check=True)
        return msgspec.json.decode(done.stdout, type=Measured)

    def _names(self, program: str) -> list[str]:
        if not self.has(program):
            return []
        done = subprocess.run(
            [str(self._folder / program), "list"], capture_output=True, text=True, timeout=WITHIN_S
        )
        return done.stdout.splitlines()
