"""How long to wait before the next attempt at a link."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Doubling waits with jitter, begun anew after a link that stayed up for a while.

    Each wait lies between half of the step and the whole step, so that clients which lost the same
    server don't come back in one moment. Pure: it waits for nothing and reads no clock.

    Parameters
    ----------
    first_s, limit_s
        The first step and the largest one, in seconds.
    stable_s
        A link that was up this long counts as well again: the next step is the first.
    uniform
        Gives a number in [0, 1).
    """

    def __init__(
        self,
        first_s: float = 1.0,
        limit_s: float = 30.0,
        stable_s: float = 60.0,
        uniform: Callable[[], float] = random.random,
    ) -> None:
        if not 0 < first_s <= limit_s:
            raise ValueError(f"first_s must be above 0 and at most limit_s, was {first_s} of {limit_s}")
        self._first_s = first_s
        self._limit_s = limit_s
        self._stable_s = stable_s
        self._uniform = uniform
        self._step_s = first_s

    def delay_s(self, up_s: float = 0.0) -> float:
        """Take the wait after a link that was up for `up_s` seconds (0: it never came up)."""
        if up_s >= self._stable_s:
            self._step_s = self._first_s
        step_s = self._step_s
        self._step_s = min(2 * step_s, self._limit_s)
        return step_s * (0.5 + 0.5 * self._uniform())
