"""The exchange's clock: the machine's, unless a test sets it off."""

from __future__ import annotations

from collections.abc import Callable


class ExchangeClock:
    """How far the exchange's clock is off the machine's, and how fast it drifts.

    Parameters
    ----------
    epoch_ms
        The machine's clock.
    """

    def __init__(self, epoch_ms: Callable[[], int]) -> None:
        self._epoch_ms = epoch_ms
        self._ahead_ms = 0.0
        self._drift_ppm = 0.0
        self._since_ms = 0

    def now_ms(self) -> int:
        now_ms = self._epoch_ms()
        return now_ms + int(self.ahead_ms(now_ms))

    def ahead_ms(self, now_ms: int) -> float:
        """How much is added to the machine's time."""
        return self._ahead_ms + (now_ms - self._since_ms) * self._drift_ppm / 1e6

    def skew(self, by_ms: float, drift_ppm: float = 0.0) -> None:
        """Run ahead (negative: behind) by so much from now on, and drift further."""
        self._ahead_ms, self._drift_ppm, self._since_ms = by_ms, drift_ppm, self._epoch_ms()

    def set_right(self) -> None:
        self.skew(0.0)
