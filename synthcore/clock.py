"""What time it is: the machine's clock, or another one where time is virtual."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where the trading side reads the time."""

    def epoch_ns(self) -> int: ...

    def monotonic_ns(self) -> int: ...


class MachineClock:
    """The machine's own, without a call in between."""

    epoch_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.monotonic_ns)


MACHINE_CLOCK = MachineClock()
