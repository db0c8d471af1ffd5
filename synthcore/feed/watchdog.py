"""Notices a link that is up but silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

MAX_PATIENCE = 16  # times the deadline


class Silence(Struct, frozen=True):
    """Topics past their deadline."""

    topics: tuple[str, ...]
    is_link: bool  # not one topic of this link speaks: the link itself is dead
    since_ns: int  # the last sign of life of the link, or of the first of these topics


class Watchdog:
    """A deadline for each topic. Pure: it is told the time.

    One silent topic among talking ones must not cost the others their link: only that topic is to be
    asked for anew, with doubled patience each time until it speaks. When all are silent, the link is.

    Parameters
    ----------
    deadline_ns
        By topic: how long it may be silent.
    """

    def __init__(self, deadline_ns: Mapping[str, int]) -> None:
        self._deadline_ns = dict(deadline_ns)
        self._begun_ns = 0
        self._asked_ns: dict[str, int] = {}
        self._patience: dict[str, int] = {}  # in deadlines

    def begin(self, now_ns: int) -> None:
        """Start all clocks: a new link has just been subscribed."""
        self._begun_ns = now_ns
        self._asked_ns.clear()
        self._patience.clear()

    def check(self, now_ns: int, seen_ns: Mapping[str, int], watched: Iterable[str]) -> Silence | None:
        """Find what has been silent for too long.

        Parameters
        ----------
        now_ns
            The monotonic time.
        seen_ns
            By topic, when its last frame came; 0 is never.
        watched
            The topics that should speak.
        """
        alive_ns = {topic: max(self._begun_ns, seen_ns.get(topic, 0)) for topic in watched}
        if not alive_ns:
            return None
        if all(now_ns - at_ns >= self._deadline_ns[topic] for topic, at_ns in alive_ns.items()):
            return Silence(tuple(alive_ns), True, max(alive_ns.values()))
        silent = [topic for topic, at_ns in alive_ns.items() if self._is_overdue(topic, at_ns, now_ns)]
        if not silent:
            return None
        for topic in silent:
            self._asked_ns[topic] = now_ns
            self._patience[topic] = min(2 * self._patience.get(topic, 1), MAX_PATIENCE)
        return Silence(tuple(silent), False, min(alive_ns[topic] for topic in silent))

    def _is_overdue(self, topic: str, alive_ns: int, now_ns: int) -> bool:
        asked_ns = self._asked_ns.get(topic, 0)
        if alive_ns > asked_ns:
            self._patience[topic] = 1
        return now_ns - max(alive_ns, asked_ns) >= self._patience.get(topic, 1) * self._deadline_ns[topic]
