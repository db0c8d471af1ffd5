"""When the exchange was away for longer than is assumed: then, and only then, a trade may be UNRESOLVED."""

from __future__ import annotations

from collections import deque

from synthcore.clock import Clock

ASSUMED_S = 5.0  # the exchange answers again within this
REMEMBERED_S = 120.0


class Away:
    """Times in which it took no calls."""

    def __init__(self, clock: Clock) -> None:
        self._now_ns = clock.monotonic_ns
        self._ends_ns: deque[int] = deque(maxlen=64)  # of those that were too long

    def begins(self, for_s: float) -> None:
        """It takes no calls for so long from now on."""
        if for_s > ASSUMED_S:
            self._ends_ns.append(self._now_ns() + int(for_s * 1e9))

    def was_since(self, since_ns: int) -> bool:
        """Whether it was away for too long since then."""
        return any(end_ns >= since_ns for end_ns in self._ends_ns)

    def was_lately(self) -> bool:
        return self.was_since(self._now_ns() - int(REMEMBERED_S * 1e9))
