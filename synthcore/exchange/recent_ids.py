"""Ids that were used: as many of the newest as are kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator


class RecentIds:
    """Remembers ids, and forgets the oldest when there are too many.

    A dict would find its oldest key only behind the places of all that were forgotten before.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_age: deque[str] = deque()
        self._known: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        """Oldest first."""
        return iter(self._by_age)

    def add(self, name: str) -> bool:
        """Remember an id; whether it is new."""
        if name in self._known:
            return False
        self._known.add(name)
        self._by_age.append(name)
        if len(self._by_age) > self._most:
            self._known.discard(self._by_age.popleft())
        return True
