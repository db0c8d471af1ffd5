"""The view of a run on a terminal. A process of its own draws it (`screen.py`).

Drawing takes 10 to 30 ms of CPU, four times a second: on the trading loop, or beside it under the same
interpreter lock, orders would wait for it.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys

from synthcore.monitor.jsonl import JsonLines
from synthcore.monitor.observer import Facts

END_PATIENCE_S = 5.0


class LiveView:
    """Feeds the drawing process; the final summary goes to stdout when it has ended."""

    status_every_s = 0.25

    def __init__(self) -> None:
        self._network_rtt_ns: float | None = None
        self._summary: Facts | None = None
        self._warnings: list[str] = []
        # Its own process group: Ctrl+C is for the run alone. It ends when its input does.
        self._screen = subprocess.Popen(
            [sys.executable, "-m", "synthcore.monitor.screen"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            process_group=0,
        )
        assert self._screen.stdin is not None
        self._lines = JsonLines(self._screen.stdin)

    def on_start(self, info: Facts) -> None:
        self._lines.on_start(info)

    def on_status(self, snapshot: Facts) -> None:
        self._network_rtt_ns = snapshot.get("network_rtt_ns", self._network_rtt_ns)
        self._lines.on_status(snapshot)

    def on_trade(self, trade: Facts) -> None:
        self._lines.on_trade(trade)

    def on_warning(self, text: str) -> None:
        self._warnings.append(text)
        self._lines.on_warning(text)

    def on_summary(self, summary: Facts, final: bool) -> None:
        if final:  # the screen shows the figures of each minute anyway
            self._summary = summary

    def close(self) -> None:
        """End the drawing process, then write what stays: warnings and the final summary."""
        if self._screen.stdin is None or self._screen.stdin.closed:
            return
        self._lines.close()
        with contextlib.suppress(BrokenPipeError):  # the screen is gone already
            self._screen.stdin.close()
        try:
            self._screen.wait(END_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._screen.kill()
            self._screen.wait()
        with contextlib.suppress(OSError):  # the terminal was closed: nobody is left to be told
            write_end(self._warnings, self._summary, self._network_rtt_ns)


def write_end(warnings: list[str], summary: Facts | None, network_rtt_ns: float | None) -> None:
    """Write to the terminal what the vanished screen showed last."""
    from rich.console import Console

    from synthcore.monitor.text import render_summary

    for warning in warnings:
        Console(stderr=True).print(f"warning: {warning}", style="yellow", markup=False, highlight=False)
    if summary is not None:
        Console(highlight=False).print(render_summary(summary, network_rtt_ns=network_rtt_ns))
