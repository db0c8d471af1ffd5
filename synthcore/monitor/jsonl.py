"""One JSON object a line: for scripts."""

from __future__ import annotations

from typing import IO

import msgspec

from synthcore.monitor.observer import Facts
from synthcore.monitor.summary import SCHEMA_VERSION
from synthcore.monitor.writer import LineWriter


class JsonLines:
    """Writes what happens as `{"schema_version", "type", …}`, each line at once.

    `type` is start, status, trade, warning or summary. A summary comes every minute and at the end;
    `exit_code` is null in all but the last.
    """

    status_every_s = 1.0

    def __init__(self, out: IO[str]) -> None:
        self._lines = LineWriter(out)
        self._encode = msgspec.json.Encoder(decimal_format="number").encode

    def on_start(self, info: Facts) -> None:
        self._lines.put(self.line("start", info))

    def on_status(self, snapshot: Facts) -> None:
        self._lines.put_status(self.line("status", snapshot))

    def on_trade(self, trade: Facts) -> None:
        self._lines.put(self.line("trade", trade))

    def on_warning(self, text: str) -> None:
        self._lines.put(self.line("warning", {"text": text}))

    def on_summary(self, summary: Facts, final: bool) -> None:
        self._lines.put(self.line("summary", summary))

    def line(self, kind: str, facts: Facts) -> str:
        """Encode one object."""
        return self._encode({"schema_version": SCHEMA_VERSION, "type": kind, **facts}).decode()

    def close(self) -> None:
        """Wait until every line is written."""
        self._lines.close()
