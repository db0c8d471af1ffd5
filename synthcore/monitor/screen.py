"""The process that draws a run: JSON lines on stdin, a picture on the terminal of stderr.

It draws the newest snapshot four times a second at most, and ends with its input, however the run ended.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec
from rich.console import Console
from rich.live import Live

from synthcore.monitor.observer import Facts
from synthcore.monitor.picture import Picture, draw

FRAME_S = 0.25
TRADES_KEPT = 6
WARNINGS_KEPT = 3


class Screen:
    """The facts that have arrived so far."""

    def __init__(self) -> None:
        self._info: Facts = {}
        self._snapshot: dict[str, Any] = {}
        self._trades: deque[Facts] = deque(maxlen=TRADES_KEPT)
        self._warnings: deque[str] = deque(maxlen=WARNINGS_KEPT)
        self.changed = threading.Event()

    def read(self, lines: Iterable[str]) -> None:
        """Take every line until the input ends."""
        for line in lines:
            self.take(msgspec.json.decode(line))
            self.changed.set()

    def take(self, facts: dict[str, Any]) -> None:
        """Take one object."""
        match facts["type"]:
            case "start":
                self._info = facts
            case "trade":
                self._trades.appendleft(facts)
            case "warning":
                self._warnings.append(facts["text"])
            case _:
                self._snapshot = facts

    def picture(self) -> Picture:
        """The newest facts, as one picture."""
        return Picture(self._info, self._snapshot, list(self._trades), list(self._warnings))


def show(screen: Screen, console: Console, ended: threading.Event) -> None:
    """Draw what changed until the input has ended; then leave the terminal as it was."""
    # Redirection would swallow what the run itself writes.
    with Live(
        console=console,
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
        vertical_overflow="crop",
    ) as live:
        while not ended.wait(FRAME_S):
            if screen.changed.is_set():
                screen.changed.clear()
                live.update(draw(screen.picture(), console.width, console.height), refresh=True)


def main() -> None:
    """Draw until stdin ends."""
    screen, ended = Screen(), threading.Event()

    def read() -> None:
        try:
            screen.read(sys.stdin)
        finally:
            ended.set()

    threading.Thread(target=read, daemon=True).start()
    show(screen, Console(stderr=True, highlight=False), ended)


if __name__ == "__main__":
    main()
