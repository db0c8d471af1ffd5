"""Where the market comes from: the choice by setting."""

from __future__ import annotations

from synthcore.exchange.market.generator import Generator
from synthcore.exchange.market.instruments import instruments_for, settling_each
from synthcore.exchange.market.replay import Replay
from synthcore.exchange.market.source import MarketSource
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.steady import SteadyMarket
from synthcore.recording import open_recording


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
