"""Prove a low-latency crypto trading path before it touches money.

Every public name is in `__all__` and loads on first use: importing one costs only what it needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthcore._core.histogram import LatencyHistogram as LatencyHistogram
    from synthcore._core.kernel import Kernel as Kernel
    from synthcore._core.pipeline import Pipeline as Pipeline
    from synthcore._core.ring import Ring as Ring
    from synthcore._core.symbols import SymbolTable as SymbolTable
    from synthcore._core.ticker import TickerParser as TickerParser
    from synthcore.config import SyntheticConfig as SyntheticConfig
    from synthcore.errors import ConfigError as ConfigError
    from synthcore.errors import OutcomeUnknown as OutcomeUnknown
    from synthcore.errors import RecordingError as RecordingError
    from synthcore.errors import SynthError as SynthError
    from synthcore.errors import Unresolved as Unresolved
    from synthcore.errors import VenueError as VenueError
    from synthcore.errors import VenueRefused as VenueRefused
    from synthcore.errors import VenueUnreachable as VenueUnreachable
    from synthcore.execution.executor import SingleExchangeExecutor as SingleExchangeExecutor
    from synthcore.execution.hedge import HedgeTimingMetrics as HedgeTimingMetrics
    from synthcore.execution.hedge_log import HedgeLogger as HedgeLogger
    from synthcore.execution.paper import PaperTrade as PaperTrade
    from synthcore.feed.connector import BybitWebSocketConnector as BybitWebSocketConnector
    from synthcore.feed.pipeline import MarketPipeline as MarketPipeline
    from synthcore.feed.store import MarketDataStore as MarketDataStore
    from synthcore.model import ArbitrageOpportunity as ArbitrageOpportunity
    from synthcore.model import MarketUpdate as MarketUpdate
    from synthcore.monitor.metrics import MetricsCollector as MetricsCollector
    from synthcore.orders.gateway import ExecutionBackend as ExecutionBackend
    from synthcore.qualification import Qualification as Qualification
    from synthcore.qualification import QualificationRules as QualificationRules
    from synthcore.qualification import qualify as qualify
    from synthcore.risk.guard import RaceConditionGuard as RaceConditionGuard
    from synthcore.strategies.synthetic import (
        SyntheticOpportunityGenerator as SyntheticOpportunityGenerator,
    )

__version__ = "0.1.0"

_HOMES = {
    "ArbitrageOpportunity": "synthcore.model",
    "BybitWebSocketConnector": "synthcore.feed.connector",
    "ConfigError": "synthcore.errors",
    "ExecutionBackend": "synthcore.orders.gateway",
    "HedgeLogger": "synthcore.execution.hedge_log",
    "HedgeTimingMetrics": "synthcore.execution.hedge",
    "Kernel": "synthcore._core.kernel",
    "LatencyHistogram": "synthcore._core.histogram",
    "MarketDataStore": "synthcore.feed.store",
    "MarketPipeline": "synthcore.feed.pipeline",
    "MarketUpdate": "synthcore.model",
    "MetricsCollector": "synthcore.monitor.metrics",
    "OutcomeUnknown": "synthcore.errors",
    "PaperTrade": "synthcore.execution.paper",
    "Pipeline": "synthcore._core.pipeline",
    "Qualification": "synthcore.qualification",
    "QualificationRules": "synthcore.qualification",
    "RaceConditionGuard": "synthcore.risk.guard",
    "RecordingError": "synthcore.errors",
    "Ring": "synthcore._core.ring",
    "SingleExchangeExecutor": "synthcore.execution.executor",
    "SymbolTable": "synthcore._core.symbols",
    "SynthError": "synthcore.errors",
    "SyntheticConfig": "synthcore.config",
    "SyntheticOpportunityGenerator": "synthcore.strategies.synthetic",
    "TickerParser": "synthcore._core.ticker",
    "Unresolved": "synthcore.errors",
    "VenueError": "synthcore.errors",
    "VenueRefused": "synthcore.errors",
    "VenueUnreachable": "synthcore.errors",
    "qualify": "synthcore.qualification",
}

__all__ = sorted([*_HOMES, "get_include"])


def get_include() -> str:
    """Return the folder of the C headers that `cimport synthcore` needs."""
    return f"{__path__[0]}/_core"


def __getattr__(name: str) -> Any:
    """Load a public name from its room, once."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'synthcore' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
