"""The exchange a run trades on: its own, one that runs already, or the environment's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct

from synthcore.environment import Credentials, Environment
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.ready import read_ready_file
from synthcore.settings.run import RunSettings


class Venue(Struct, frozen=True):
    """Where orders go and market data come from, complete: hosts and keys."""

    environment: Environment
    credentials: Credentials
    has_ended: Callable[[], bool] = lambda: False  # known at once of an exchange that we started only


@asynccontextmanager
async def open_venue(settings: RunSettings) -> AsyncIterator[Venue]:
    """Start, find or name the exchange; one that we started ends with us."""
    if settings.attach is not None:
        ready = await asyncio.to_thread(read_ready_file, settings.attach)
        yield Venue(ready.environment(), ready.credentials())
    elif settings.environment.name == "embedded":
        process = ExchangeProcess(embedded_settings(settings))
        async with process as own:
            yield Venue(own.environment(), own.credentials(), lambda: not process.is_running)
    else:
        assert settings.credentials is not None, "settings for this environment are refused without keys"
        yield Venue(settings.environment, settings.credentials)


def embedded_settings(settings: RunSettings) -> ExchangeSettings:
    """What the exchange of a run serves: hedge mode, since two opposite legs on one symbol need it."""
    return ExchangeSettings(
        market=str(settings.recording) if settings.recording else "generator",
        symbols=settings.config.symbols_to_trade,
        seed=settings.config.seed,
        speed=settings.speed,
        rate_tier=settings.rate_tier,
        delays=settings.delays,
        faults=str(settings.faults.resolve()) if settings.faults else None,
        position_mode="hedge",
    )
