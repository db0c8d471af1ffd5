"""One trade a symbol at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class RaceConditionGuard:
    """Hold a symbol for the trade that works on it; a second one is turned away, never queued.

    It is used on one event loop, where nothing can come between the question and the taking.
    """

    def __init__(self) -> None:
        self._held: set[str] = set()

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._held

    def __len__(self) -> int:
        return len(self._held)

    def try_acquire(self, symbol: str) -> bool:
        """Take the symbol; False if a trade has it."""
        if symbol in self._held:
            return False
        self._held.add(symbol)
        return True

    def release(self, symbol: str) -> None:
        """Give the symbol back."""
        self._held.discard(symbol)

    @contextmanager
    def holding(self, symbol: str) -> Iterator[bool]:
        """Hold the symbol for a block; yields whether it was free."""
        acquired = self.try_acquire(symbol)
        try:
            yield acquired
        finally:
            if acquired:
                self.release(symbol)
