"""How many accounts hold a contract long, as a made-up crowd would: the same seed gives the same past."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from synthcore.exchange.decimals import E4

FIRST_MS = 1_595_203_200_000  # 2020-07-20: before it Bybit has none
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

USUAL = Decimal("0.5")  # chosen, as the two below: nothing of it was measured
DAILY, HOURLY = 900, 150  # the farthest that a day and an hour move it, in E4


class LongShort:
    """The share of long accounts of one contract: it wanders from day to day, a little within the hour."""

    def __init__(self, seed: int, symbol: str) -> None:
        self._name = f"{seed} {symbol} long accounts"

    def share(self, time_ms: int) -> Decimal:
        """At a time; the crowd has no beginning."""
        return USUAL + E4 * (self._wander(time_ms, DAY_MS, DAILY) + self._wander(time_ms, HOUR_MS, HOURLY))

    def _wander(self, time_ms: int, step_ms: int, most: int) -> int:
        """A straight line between two points that chance has set."""
        step, passed_ms = divmod(time_ms, step_ms)
        before, after = (self._point(step_ms, at, most) for at in (step, step + 1))
        return before + (after - before) * passed_ms // step_ms

    def _point(self, step_ms: int, at: int, most: int) -> int:
        return Random(f"{self._name} {step_ms} {at}").randint(-most, most)
