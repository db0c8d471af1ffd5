"""What goes wrong on an exchange, from the side of a test."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from synthcore.exchange.control.client import Control
from synthcore.exchange.control.faults import PATH
from synthcore.exchange.faults.fault import Fault

LOOK_EVERY_S = 0.005


class Faults:
    """Arms faults on a running exchange, and tells which of them struck.

    Parameters
    ----------
    control
        The way to the exchange's control API.
    now_s, sleep
        The exchange's time, where it isn't the machine's.
    """

    def __init__(
        self,
        control: Control,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._control = control
        self._now_s = now_s
        self._sleep = sleep
        self._before = len(self._record())

    def add(self, *faults: Fault | Mapping[str, Any]) -> list[str]:
        """Arm faults, as objects or as a plan file has them; returns their names.

        Raises
        ------
        ConfigError
            One of them is no fault.
        """
        found = self._control.post(PATH, {"faults": msgspec.to_builtins(faults)})
        return list(found["added"])

    def injected(self) -> list[dict[str, Any]]:
        """Everything that struck since this object was made: number, time_ms, fault, do, at."""
        return self._record()[self._before :]

    def struck(self, name: str) -> int:
        """How often a fault struck, by its name or by what it does."""
        return sum(name in (one["fault"], one["do"]) for one in self.injected())

    def wait_for(self, name: str, within_s: float = 5.0) -> dict[str, Any]:
        """Wait until a fault has struck; its first record.

        Raises
        ------
        TimeoutError
            It didn't.
        """
        deadline_s = self._now_s() + within_s
        while True:
            for one in self.injected():
                if name in (one["fault"], one["do"]):
                    return one
            if self._now_s() > deadline_s:
                raise TimeoutError(f"{name} must strike within {within_s:g} s, but did not: {self.armed()}")
            self._sleep(LOOK_EVERY_S)

    def armed(self) -> list[dict[str, Any]]:
        """What is armed, and how often it matched and struck."""
        return list(self._control.get(PATH)["faults"])

    def clear(self) -> None:
        """Disarm everything and set the exchange's clock right; what was cut stays cut."""
        self._control.delete(PATH)

    def _record(self) -> list[dict[str, Any]]:
        return list(self._control.get(PATH)["injected"])
