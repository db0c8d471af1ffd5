"""The embedded exchange for anybody's tests: a pytest plugin, and the same things without pytest."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthcore.testing.exchange import BybitExchange as BybitExchange
    from synthcore.testing.faults import Faults as Faults
    from synthcore.testing.market import Market as Market
    from synthcore.testing.virtual import VirtualExchange as VirtualExchange
    from synthcore.testing.virtual_clock import VirtualClock as VirtualClock

# Loaded on first use: pytest imports this package for everybody who has it installed.
_HOMES = {
    "BybitExchange": "synthcore.testing.exchange",
    "Faults": "synthcore.testing.faults",
    "Market": "synthcore.testing.market",
    "VirtualClock": "synthcore.testing.virtual_clock",
    "VirtualExchange": "synthcore.testing.virtual",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'synthcore.testing' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
