"""`/_control/faults`: what goes wrong."""

from __future__ import annotations

import msgspec

from synthcore.exchange.control.door import ControlCall, Routes
from synthcore.exchange.faults.engine import FaultEngine
from synthcore.exchange.faults.plan import FaultPlan

PATH = "/_control/faults"


class FaultControl:
    """Arms and disarms."""

    def __init__(self, faults: FaultEngine) -> None:
        self._faults = faults

    def routes(self) -> Routes:
        return {("GET", PATH): self._facts, ("POST", PATH): self._add, ("DELETE", PATH): self._clear}

    def _facts(self, call: ControlCall) -> object:
        return self._faults.facts()

    def _add(self, call: ControlCall) -> object:
        plan = msgspec.json.decode(call.body, type=FaultPlan)
        return {"added": self._faults.add(plan.faults)}

    def _clear(self, call: ControlCall) -> object:
        self._faults.clear()
        return self._faults.facts()
