"""Private events on their way out: in the order in which the core made them, after the answer is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from synthcore.exchange.batch import Event


class Outbox:
    """Holds events until the edge has answered the request that caused them, then hands them on.

    Whoever flushes first sends everything that is waiting, so the order never changes.
    """

    def __init__(self, deliver: Callable[[Event], None]) -> None:
        self._deliver = deliver
        self._waiting: list[Iterable[Event]] = []

    def put(self, events: Iterable[Event]) -> None:
        """Keep an act's events; they are not looked at before they are sent."""
        self._waiting.append(events)

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for events in waiting:
            for event in events:
                self._deliver(event)
