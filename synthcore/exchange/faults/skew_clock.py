"""A clock that is wrong."""

from __future__ import annotations

from typing import ClassVar

from synthcore.exchange.faults.fault import World, WorldFault
from synthcore.exchange.orders import Order


class SkewClock(WorldFault, frozen=True, tag="skew_clock"):
    """Set the exchange's clock off from now on: at once, and drifting further."""

    default: ClassVar[str] = "start"

    ms: float = 0.0  # ahead; negative is behind
    drift_ppm: float = 0.0

    def perform(self, world: World, order: Order | None) -> None:
        world.skew_clock(self.ms, self.drift_ppm)
