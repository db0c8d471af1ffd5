"""What a run leaves behind: its JSON lines in the state folder, so that it can be read afterwards."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import IO

from synthcore.monitor.jsonl import JsonLines
from synthcore.monitor.observer import Facts, RunObserver

KEPT_RUNS = 50


class RecordedRun:
    """Passes everything on to an observer, and writes all but the statuses to `state_dir/runs/`.

    A folder that can't be written costs the record, never the run: the observer is warned once.
    The final summary is the last word: what trades still in the air bring after it would contradict it.
    """

    def __init__(self, observer: RunObserver, state_dir: Path) -> None:
        begun = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self.path = state_dir / "runs" / f"{begun}-{os.getpid()}.jsonl"
        self._observer = observer
        self.status_every_s = observer.status_every_s
        self._file: IO[str] | None = None
        self._lines: JsonLines | None = None
        self._is_over = False
        try:
            self._file = open_private(self.path)
            self._lines = JsonLines(self._file)
            forget_old(self.path.parent)
        except OSError as error:
            observer.on_warning(f"this run leaves no record: {self.path} can't be written ({error.strerror})")

    def on_start(self, info: Facts) -> None:
        if self._is_over:
            return
        self._observer.on_start(info)
        if self._lines is not None:
            self._lines.on_start(info)

    def on_status(self, snapshot: Facts) -> None:
        if self._is_over:
            return
        self._observer.on_status(snapshot)

    def on_trade(self, trade: Facts) -> None:
        if self._is_over:
            return
        self._observer.on_trade(trade)
        if self._lines is not None:
            self._lines.on_trade(trade)

    def on_warning(self, text: str) -> None:
        if self._is_over:
            return
        self._observer.on_warning(text)
        if self._lines is not None:
            self._lines.on_warning(text)

    def on_summary(self, summary: Facts, final: bool) -> None:
        if self._lines is not None:
            self._lines.on_summary(summary, final)
        if final:
            self.close()  # before the last word, so that trouble with it can still be told
            self._is_over = True
        self._observer.on_summary(summary, final)

    def close(self) -> None:
        """Finish the record; the observer is its owner's to close. Again does nothing."""
        if self._lines is not None and self._file is not None:
            self._lines.close()
            try:
                self._file.close()
            except OSError as error:
                self._observer.on_warning(f"the record is incomplete: {self.path} ({error.strerror})")


def open_private(path: Path) -> IO[str]:
    """Make a file, and its folders, that only their owner can read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def forget_old(folder: Path, pattern: str = "*.jsonl") -> None:
    """Keep the latest runs only: the names sort by time."""
    for path in sorted(folder.glob(pattern))[:-KEPT_RUNS]:
        path.unlink(missing_ok=True)
