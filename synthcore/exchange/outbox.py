"""Private events on their way out: in the order in which the core made them, after the answer is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from synthcore.exchange.batch import Event


class Outbox:
    """Holds events until the edge has answered the request that caused them, then hands them on.

    Whoever flushes first sends everything that is waiting, so the order never changes.

    Parameters
    ----------
    deliver
        Takes the events of an act, or of several.
    end
        Called when there are no more for now.

    Attributes
    ----------
    then
        Called after the private events of clients' acts: the public sees what they did.
    """

    def __init__(
        self, deliver: Callable[[Iterable[Event]], None], end: Callable[[], None] = lambda: None
    ) -> None:
        self._watchers: list[tuple[Callable[[list[Event]], None], Callable[[], bool]]] = []
        self._deliver = deliver
        self._end = end
        self._keep: Callable[[], bool] | None = None
        self._waiting: list[Iterable[Event]] = []
        self.then: Callable[[], None] = lambda: None

    def tell(self, watch: Callable[[list[Event]], None], is_watched: Callable[[], bool]) -> None:
        """Tell somebody of events when they are made, as long as it says that it wants to know."""
        self._watchers.append((watch, is_watched))

    def put(self, events: Iterable[Event]) -> None:
        """Keep an act's events; unless somebody watches, they are not looked at before they are sent."""
        for watch, is_watched in self._watchers:
            if is_watched():
                events = list(events)
                watch(events)
        self._waiting.append(events)

    def wait_for(self, keep: Callable[[], bool]) -> None:
        """Ask before anything is handed on whether what caused it is kept; if not, nobody hears of it."""
        self._keep = keep

    def flush(self) -> None:
        """Send what is waiting, then let the public see it."""
        if self.send():
            self.then()

    def send(self) -> bool:
        """Send what is waiting; whether there was anything."""
        if self._keep is not None and not self._keep():
            self._waiting.clear()
        if not self._waiting:
            return False
        waiting, self._waiting = self._waiting, []
        for events in waiting:
            self._deliver(events)
        self._end()
        return True
