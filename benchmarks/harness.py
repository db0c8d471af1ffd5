"""What the benchmarks share: a timer that shows stamped latencies, and helper processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StampTimer:
    """A timer for pytest-benchmark that moves by what was stamped, not by the time that passed.

    So a row of the table is a latency between two threads or processes, each stamped where it happens. Only
    for `benchmark.pedantic`: nothing else would ever see it move.
    """

    def __init__(self) -> None:
        self._now_s = 0.0

    def __call__(self) -> float:
        return self._now_s

    def add(self, latency_ns: int) -> None:
        self._now_s += latency_ns / 1e9


@contextmanager
def helper_process(script: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a file of this folder in its own process; gives it, and the first line that it prints."""
    path = Path(__file__).with_name(script)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(path)], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()
