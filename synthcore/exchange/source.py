"""Where the market comes from: one protocol, and the choice by setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from synthcore.exchange.market.generator import Generator
from synthcore.exchange.market.instruments import instruments_for, settling_each
from synthcore.exchange.market.replay import Replay
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.steady import SteadyMarket
from synthcore.recording import open_recording


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

    @property
    def topics(self) -> frozenset[str]: ...

    def frames(self) -> Iterator[MarketFrame]: ...


def open_source(settings: ExchangeSettings, start_ms: int) -> MarketSource:
    """Open the market that the settings name.

    Raises
    ------
    ConfigError
        A symbol is unknown.
    RecordingError
        The recording can't be read, or has nothing to replay.
    """
    if settings.market == "steady":
        return SteadyMarket(settings.symbols, start_ms, settings.funding_minutes)
    if settings.market == "generator":
        instruments = settling_each(instruments_for(settings.symbols), settings.funding_minutes)
        return Generator(instruments, settings.seed, start_ms=start_ms, speed=settings.pace)
    return Replay(
        open_recording(settings.market),
        start_ms=start_ms,
        speed=settings.pace,
        original_times=settings.original_times,
        loops=settings.at_end == "loop",
        funding_minutes=settings.funding_minutes,
    )
