"""What a run logs: a file beside its record, so that neither a screen nor a pipe is disturbed."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from synthcore.monitor.record import forget_old, open_private
from synthcore.monitor.writer import LineWriter

OURS = "synthcore"
FORMAT = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"


@contextmanager
def run_log(path: Path, level: str) -> Iterator[None]:
    """Write what is logged meanwhile to a new file; where that can't be, it is dropped.

    Parameters
    ----------
    level
        Of our own loggers: debug, info, warning, error. Those of the libraries begin at warning.
    """
    try:
        file = open_private(path)
    except OSError:  # the record says it
        with handled_by(logging.NullHandler(), level):
            yield
        return
    lines = LineWriter(file)
    try:
        forget_old(path.parent, "*.log")
        with handled_by(LineHandler(lines), level):
            yield
    finally:
        lines.close()
        with suppress(OSError):  # the disk is full: what there is of the log is enough
            file.close()


@contextmanager
def handled_by(handler: logging.Handler, level: str) -> Iterator[None]:
    """Let one handler have everything, then put the loggers back as they were."""
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    before = ours.level
    root.addHandler(handler)
    ours.setLevel(level.upper())
    try:
        yield
    finally:
        ours.setLevel(before)
        root.removeHandler(handler)


class LineHandler(logging.Handler):
    """Hands lines to a writer's thread: the trading loop never waits for a disk."""

    def __init__(self, lines: LineWriter) -> None:
        super().__init__()
        self._lines = lines
        self.setFormatter(logging.Formatter(FORMAT, "%Y-%m-%dT%H:%M:%S"))
        self.formatter.converter = time.gmtime  # type: ignore[union-attr]

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.put(self.format(record))
