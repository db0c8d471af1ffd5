"""The times when a feed was blind, accounted."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from msgspec import Struct

KEPT = 256


class Outage(Struct, frozen=True):
    """One time without trustworthy data; monotonic stamps."""

    reason: str
    start_ns: int
    end_ns: int | None = None  # None: it goes on

    def blind_ms(self, now_ns: int) -> float:
        """How long we have been, or were, blind."""
        end_ns = now_ns if self.end_ns is None else self.end_ns
        return (end_ns - self.start_ns) / 1e6


class OutageLog:
    """Begins and ends outages, one at a time; keeps the last ones and the sum of all.

    Parameters
    ----------
    on_outage
        Told of each outage twice: when it begins (`end_ns` is None) and when it has ended.
    """

    def __init__(self, on_outage: Callable[[Outage], None] | None = None) -> None:
        self.count = 0
        self.recent: deque[Outage] = deque(maxlen=KEPT)  # ended ones
        self.current: Outage | None = None
        self._ended_ms = 0.0
        self._tell = on_outage or (lambda outage: None)

    def begin(self, reason: str, start_ns: int) -> None:
        """Open an outage, unless one is open: the first reason stands."""
        if self.current is None:
            self.count += 1
            self.current = Outage(reason, start_ns)
            self._tell(self.current)

    def end(self, now_ns: int) -> None:
        """Close the open outage, if any."""
        if self.current is not None:
            ended = Outage(self.current.reason, self.current.start_ns, now_ns)
            self.current = None
            self._ended_ms += ended.blind_ms(now_ns)
            self.recent.append(ended)
            self._tell(ended)

    def blind_ms(self, now_ns: int) -> float:
        """Milliseconds blind in all, the open outage included."""
        return self._ended_ms + (self.current.blind_ms(now_ns) if self.current else 0.0)
