"""`/_control/clock`: the exchange's clock, and how far it is off."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from synthcore.exchange.clock import ExchangeClock
from synthcore.exchange.control.door import ControlCall, Routes
from synthcore.exchange.faults.fault import World

PATH = "/_control/clock"


class ClockRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """How far off the clock is from now on; nothing sets it right."""

    ahead_ms: float = 0.0  # negative is behind
    drift_ppm: float = 0.0


class ClockControl:
    """Reads the clock and sets it off."""

    def __init__(self, clock: ExchangeClock, world: World) -> None:
        self._clock = clock
        self._world = world

    def routes(self) -> Routes:
        return {("GET", PATH): self._facts, ("POST", PATH): self._set}

    def _facts(self, call: ControlCall) -> object:
        right_ms = self._clock.right_ms()
        return {
            "now_ms": self._clock.now_ms(),
            "ahead_ms": self._clock.ahead_ms(right_ms),
            "drift_ppm": self._clock.drift_ppm,
        }

    def _set(self, call: ControlCall) -> object:
        request = msgspec.json.decode(call.body, type=ClockRequest)
        self._world.skew_clock(request.ahead_ms, request.drift_ppm)
        return self._facts(call)
