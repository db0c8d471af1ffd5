"""The exchange's clock: the machine's or a virtual one, unless a test sets it off."""

from __future__ import annotations

import time
from typing import Protocol


class Time(Protocol):
    """Where an exchange reads the time, and nowhere else."""

    def epoch_ns(self) -> int: ...

    def monotonic_s(self) -> float: ...


class MachineTime:
    """The machine's own."""

    def epoch_ns(self) -> int:
        return time.time_ns()

    def monotonic_s(self) -> float:
        return time.monotonic()


class ExchangeClock:
    """How far the exchange's clock is off its time source, and how fast it drifts."""

    def __init__(self, source: Time) -> None:
        self.source = source
        self._ahead_ms = 0.0
        self._drift_ppm = 0.0
        self._since_ms = 0
        self._is_off = False

    def now_ms(self) -> int:
        now_ms = self.source.epoch_ns() // 1_000_000
        return now_ms + int(self.ahead_ms(now_ms)) if self._is_off else now_ms

    def now_ns(self) -> int:
        now_ns = self.source.epoch_ns()
        return now_ns + int(self.ahead_ms(now_ns // 1_000_000) * 1e6)

    def right_ms(self) -> int:
        """The time source's, which nothing sets off."""
        return self.source.epoch_ns() // 1_000_000

    def ahead_ms(self, now_ms: int) -> float:
        """How much is added to the right time."""
        return self._ahead_ms + (now_ms - self._since_ms) * self._drift_ppm / 1e6

    @property
    def drift_ppm(self) -> float:
        return self._drift_ppm

    def skew(self, by_ms: float, drift_ppm: float = 0.0) -> None:
        """Run ahead (negative: behind) by so much from now on, and drift further."""
        self._ahead_ms, self._drift_ppm, self._since_ms = by_ms, drift_ppm, self.right_ms()
        self._is_off = bool(by_ms or drift_ppm)

    def set_right(self) -> None:
        self.skew(0.0)
