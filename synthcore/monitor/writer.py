"""Lines that are written by a thread of their own: a slow reader never holds up the trading loop."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import IO

STATUS_BACKLOG = 64  # with so many lines waiting, a status is left out: a newer one follows

Line = str | Callable[[], str]  # text, or what makes it (in the thread)


class LineWriter:
    """Writes lines in their order.

    Parameters
    ----------
    out
        Where to; flushed after each line. When its reader leaves, the rest is dropped silently:
        a run goes on and ends flat whether or not anybody watches.
    """

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        self._is_closed = False
        self.is_broken = False
        self._thread = threading.Thread(target=self._write_all, name="lines", daemon=True)
        self._thread.start()

    def put(self, line: Line) -> None:
        """Hand over a line; returns at once."""
        if not self._is_closed:
            self._lines.put(line)

    def put_status(self, line: Line) -> None:
        """Hand over a line that may be left out when the reader is slow."""
        if self._lines.qsize() < STATUS_BACKLOG:
            self.put(line)

    def close(self) -> None:
        """Wait until everything is written. Again does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._lines.put(None)
        self._thread.join()

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            if self.is_broken:
                continue
            try:
                self._out.write((line if isinstance(line, str) else line()) + "\n")
                self._out.flush()
            except (OSError, ValueError):  # ValueError: the stream is closed
                self.is_broken = True
