"""Frames that wait for their time, on one connection: later, but never out of order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Line:
    """A queue with a due time for each frame; a frame is not sent before the one in front of it."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._last_due_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def put(self, frame: bytes, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        if not self._waiting and delay_s <= 0:
            self._send(frame)
            return
        self._last_due_s = max(self._last_due_s, loop.time() + delay_s)
        self._waiting.append((self._last_due_s, frame))
        if self._timer is None:
            self._timer = loop.call_at(self._last_due_s, self._go_on)

    def _go_on(self) -> None:
        """Send what is due, and wait for the next."""
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0][0] <= loop.time():
            self._send(self._waiting.popleft()[1])
        if self._waiting:
            self._timer = loop.call_at(self._waiting[0][0], self._go_on)
