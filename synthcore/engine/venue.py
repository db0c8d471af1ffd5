"""The exchange a run trades on: its own, one that runs already, or the environment's."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct

from synthcore.engine.fault_record import FaultRecord
from synthcore.environment import Credentials, Environment
from synthcore.exchange.control.client import ControlClient
from synthcore.exchange.control.token import AUTO
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.ready import ReadyLine, read_ready_file
from synthcore.settings.run import RunSettings


class Venue(Struct, frozen=True):
    """Where orders go and market data come from, complete: hosts and keys."""

    environment: Environment
    credentials: Credentials
    faults: FaultRecord = FaultRecord()
    instance_id: str | None = None  # of an embedded exchange
    has_ended: Callable[[], bool] = lambda: False  # known at once of an exchange that we started only


@asynccontextmanager
async def open_venue(settings: RunSettings) -> AsyncIterator[Venue]:
    """Start, find or name the exchange; one that we started ends with us."""
    if settings.attach is not None:
        ready = await asyncio.to_thread(read_ready_file, settings.attach)
        yield Venue(ready.environment(), ready.credentials(), await record_of(ready), ready.instance_id)
    elif settings.environment.name == "embedded":
        process = ExchangeProcess(embedded_settings(settings))
        async with process as own:
            record = await record_of(own)
            yield Venue(
                own.environment(), own.credentials(), record, own.instance_id, lambda: not process.is_running
            )
    else:
        assert settings.credentials is not None, "settings for this environment are refused without keys"
        yield Venue(settings.environment, settings.credentials)


async def record_of(ready: ReadyLine) -> FaultRecord:
    """What an exchange will say of its faults; nothing, where it doesn't give us its token."""
    control = ControlClient(ready.rest, ready.control_token) if ready.control_token else None
    record = FaultRecord(control)
    await record.begin()
    return record


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
        control_token=AUTO if settings.faults else "",
        position_mode="hedge",
        # One that never waits would leave ordinary processes nothing of a core.
        realtime=settings.config.is_loop_urgent and math.isfinite(settings.speed),
    )
