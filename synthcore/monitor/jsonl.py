"""One JSON object a line: for scripts."""

from __future__ import annotations

from typing import TextIO

import msgspec

from synthcore.monitor.observer import Facts
from synthcore.monitor.summary import SCHEMA_VERSION


class JsonLines:
    """Writes what happens as `{"schema_version", "type", …}`, each line at once.

    `type` is start, status, trade, warning or summary. A summary comes every minute and at the end;
    `exit_code` is null in all but the last.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._encode = msgspec.json.Encoder(decimal_format="number").encode
        self.is_broken = False  # who read it left: the run goes on and ends flat

    def on_start(self, info: Facts) -> None:
        self._write("start", info)

    def on_status(self, snapshot: Facts) -> None:
        self._write("status", snapshot)

    def on_trade(self, trade: Facts) -> None:
        self._write("trade", trade)

    def on_warning(self, text: str) -> None:
        self._write("warning", {"text": text})

    def on_summary(self, summary: Facts, final: bool) -> None:
        self._write("summary", summary)

    def _write(self, kind: str, facts: Facts) -> None:
        if self.is_broken:
            return
        line = self._encode({"schema_version": SCHEMA_VERSION, "type": kind, **facts})
        try:
            self._out.write(line.decode() + "\n")
            self._out.flush()
        except (BrokenPipeError, ValueError):  # ValueError: the stream was closed
            self.is_broken = True
