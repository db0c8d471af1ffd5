"""Where the market comes from: one protocol, and the choice by setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.steady import SteadyMarket


class MarketFrame(Protocol):
    """One public frame, exactly as Bybit writes it, and when it is due (ns from the start)."""

    @property
    def due_ns(self) -> int: ...

    @property
    def topic(self) -> str: ...

    @property
    def text(self) -> bytes: ...


class MarketSource(Protocol):
    """A market: its instruments (raw `instruments-info` entries) and its frames in order of time."""

    @property
    def instruments(self) -> Sequence[Mapping[str, Any]]: ...

    def frames(self) -> Iterator[MarketFrame]: ...


def open_source(settings: ExchangeSettings, start_ms: int) -> MarketSource:
    """Open the market that the settings name."""
    return SteadyMarket(settings.symbols, start_ms)
