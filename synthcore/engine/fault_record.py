"""What went wrong on purpose during a run, as its exchange says."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from synthcore.errors import ConfigError, VenueError
from synthcore.exchange.control.client import ControlClient
from synthcore.exchange.control.faults import PATH


class FaultRecord:
    """Counts the faults that struck since the run began.

    Parameters
    ----------
    control
        The way to the exchange's control API; None where it has none, or doesn't tell us its token.
    """

    def __init__(self, control: ControlClient | None = None) -> None:
        self._control = control
        self._before = 0  # number of the last injection that is not this run's

    async def begin(self) -> None:
        """Leave out what struck before."""
        self._before = max((one["number"] for one in await self._injected() or ()), default=0)

    async def struck(self) -> dict[str, int] | None:
        """How often each kind of fault struck; None where nobody says."""
        injected = await self._injected()
        if injected is None:
            return None
        return dict(Counter(str(one["do"]) for one in injected if one["number"] > self._before))

    async def _injected(self) -> list[dict[str, Any]] | None:
        if self._control is None:
            return None
        try:
            return list((await asyncio.to_thread(self._control.get, PATH))["injected"])
        except (VenueError, ConfigError):  # it has ended, or shut us out: no reason to fail a run
            return None
