"""Messages that came together are answered together: what they bring shares its writes.

A write is a system call that wakes a client, which may then take this core: of an order flat out, two of
them were a quarter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

MOST_TOGETHER = 16  # writes that wait: the first of a long burst must not wait for all of it


class Writer(Protocol):
    """A connection with something posted."""

    def flush(self) -> None: ...


class Turn:
    """Holds connections back from writing while messages that were read together are carried out.

    Parameters
    ----------
    is_troubled
        Whether something may go wrong between two writes: then each of them goes out at once.
    """

    def __init__(self, is_troubled: Callable[[], bool]) -> None:
        self._is_troubled = is_troubled
        self._is_open = False
        self._held: dict[Writer, None] = {}
        self._asked = 0

    def begin(self) -> None:
        """Let writes wait for each other until the event loop's next turn."""
        if not self._is_open and not self._is_troubled():
            self._is_open = True
            asyncio.get_running_loop().call_soon(self._end)

    def flush(self, connection: Writer) -> None:
        """Let a connection write what was posted: now, or with the others."""
        if not self._is_open:
            connection.flush()
            return
        self._held[connection] = None
        self._asked += 1
        if self._asked >= MOST_TOGETHER:
            self._write()

    def _end(self) -> None:
        self._is_open = False
        self._write()

    def _write(self) -> None:
        held, self._held, self._asked = self._held, {}, 0
        for connection in held:
            connection.flush()
