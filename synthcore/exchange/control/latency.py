"""`/_control/latency`: how long things take."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from synthcore.exchange.control.door import ControlCall, Routes
from synthcore.exchange.delays import DelayPlan, Delays, PresetName

PATH = "/_control/latency"


class LatencyRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Either a preset by name or four delays of one's own."""

    preset: PresetName | None = None
    plan: DelayPlan | None = None

    def __post_init__(self) -> None:
        if (self.preset is None) == (self.plan is None):
            raise ValueError("either preset or plan must be given")


class LatencyControl:
    """Shows and sets the delays."""

    def __init__(self, delays: Delays) -> None:
        self._delays = delays

    def routes(self) -> Routes:
        return {("GET", PATH): self._facts, ("POST", PATH): self._set}

    def _facts(self, call: ControlCall) -> object:
        return self._delays.facts()

    def _set(self, call: ControlCall) -> object:
        request = msgspec.json.decode(call.body, type=LatencyRequest)
        if request.preset is not None:
            self._delays.choose(request.preset)
        elif request.plan is not None:
            self._delays.set(request.plan)
        return self._delays.facts()


def request(delays: PresetName | DelayPlan) -> LatencyRequest:
    """What sets a preset, or delays of one's own."""
    if isinstance(delays, DelayPlan):
        return LatencyRequest(plan=delays)
    return LatencyRequest(preset=delays)
