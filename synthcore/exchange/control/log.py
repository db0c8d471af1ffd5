"""`/_control/log`: what was injected, and what happened lately."""

from __future__ import annotations

import msgspec

from synthcore.errors import ConfigError
from synthcore.exchange.control.door import ControlCall, Routes
from synthcore.exchange.decimals import read_count
from synthcore.exchange.faults.engine import FaultEngine

PATH = "/_control/log"
LAST = "100"  # unless a call says how many


class LogControl:
    """Shows the engine's records, oldest first."""

    def __init__(self, faults: FaultEngine) -> None:
        self._faults = faults

    def routes(self) -> Routes:
        return {("GET", PATH): self._facts}

    def _facts(self, call: ControlCall) -> object:
        last = read_count(call.query.get("last", LAST))
        if not last:
            raise ConfigError(f"last must be a whole number above 0, was {call.query.get('last')}")
        return {
            "injected": msgspec.to_builtins(list(self._faults.injected)[-last:]),
            "happened": msgspec.to_builtins(list(self._faults.happened)[-last:]),
        }
