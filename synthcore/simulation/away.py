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
        self._times_ns: deque[tuple[int, int]] = deque(maxlen=64)  # beginning and end of those too long

    def begins(self, for_s: float) -> None:
        """It takes no calls for so long from now on."""
        if for_s > ASSUMED_S:
            now_ns = self._now_ns()
            self._times_ns.append((now_ns, now_ns + int(for_s * 1e9)))

    def was_since(self, since_ns: int) -> bool:
        """Whether it was away for too long since then."""
        return self.longest_since_s(since_ns) > 0.0

    def longest_since_s(self, since_ns: int) -> float:
        """The longest time of those that were not over by then, as far as it has passed; 0 without one."""
        now_ns = self._now_ns()
        passed = [min(end, now_ns) - begin for begin, end in self._times_ns if end >= since_ns]
        return max(passed, default=0) / 1e9

    def was_lately(self) -> bool:
        return self.was_since(self._now_ns() - int(REMEMBERED_S * 1e9))
