"""Writes an environment's public feed into a recording: rules first, then frames, then the end line."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from synthcore.environment import Environment
from synthcore.errors import ConfigError, VenueRefused, VenueUnreachable
from synthcore.feed.connector import BybitWebSocketConnector
from synthcore.feed.recorder import FeedRecorder
from synthcore.orders.rest import RestClient
from synthcore.secret import Secret

INSTRUMENTS_PATH = "/v5/market/instruments-info"
UNKNOWN_SYMBOL = 10001
FIRST_QUOTE_WITHIN_S = 15.0
LOOK_EVERY_S = 0.2

Progress = Callable[[float, int], None]  # seconds so far, messages written


class Captured(Struct, frozen=True):
    """What a recording came to."""

    path: Path
    written: int  # messages
    lost: int  # that the disk was too slow for
    seconds: float


async def capture(
    environment: Environment,
    symbols: Sequence[str],
    topics: Sequence[str],
    path: Path,
    duration_s: float | None,
    stop: asyncio.Event,
    progress: Progress,
) -> Captured:
    """Record until the time is over or `stop` is set; the file is finished either way.

    Raises
    ------
    ConfigError
        A symbol that the exchange doesn't trade.
    RecordingError
        The file exists, or can't be written.
    VenueUnreachable
        No answer, or no complete quote in time.
    """
    instruments = await raw_instruments(environment.rest_urls, symbols)
    with FeedRecorder(
        path, environment=environment.name, symbols=symbols, instruments=instruments
    ) as recorder:
        connector = BybitWebSocketConnector(
            environment.ws_public_url, symbols, tuple(topics), tap=recorder.tap
        )
        running = asyncio.create_task(connector.run())
        started_s = time.monotonic()
        try:
            await watch(connector, recorder, running, duration_s, stop, progress)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        seconds = time.monotonic() - started_s
    return Captured(path, recorder.written, recorder.lost, seconds)


async def watch(
    connector: BybitWebSocketConnector,
    recorder: FeedRecorder,
    running: asyncio.Task[None],
    duration_s: float | None,
    stop: asyncio.Event,
    progress: Progress,
) -> None:
    """Wait for the end: by time, by wish, or by trouble."""
    started_s = time.monotonic()
    limit_s = math.inf if duration_s is None else duration_s
    while not stop.is_set():
        passed_s = time.monotonic() - started_s
        if passed_s >= min(limit_s, FIRST_QUOTE_WITHIN_S) and not connector.ready.is_set():
            raise VenueUnreachable(
                f"{connector.url} gave no complete quote of every symbol within {passed_s:.0f} s;"
                " check the address, the symbols and the topics"
            )
        if passed_s >= limit_s or recorder.error is not None:
            return  # an error is raised when the recorder is closed
        if running.done():
            running.result()  # every topic was refused: says which
        progress(passed_s, recorder.written)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), min(LOOK_EVERY_S, limit_s - passed_s))


async def raw_instruments(rest_urls: tuple[str, ...], symbols: Sequence[str]) -> list[dict[str, Any]]:
    """Read the trading rules as the exchange writes them; without a key."""
    rest = RestClient(rest_urls, Secret(""), Secret(""))
    try:
        return [await raw_instrument(rest, symbol) for symbol in symbols]
    finally:
        await rest.close()


async def raw_instrument(rest: RestClient, symbol: str) -> dict[str, Any]:
    try:
        reply = await rest.query(INSTRUMENTS_PATH, {"category": "linear", "symbol": symbol}, signed=False)
    except VenueRefused as error:
        if error.code != UNKNOWN_SYMBOL:
            raise
        rows: list[dict[str, Any]] = []
    else:
        rows = msgspec.json.decode(reply.result)["list"]
    if not rows:
        raise ConfigError(
            f"symbols_to_trade must be linear USDT perpetuals that the exchange trades, was {symbol}:"
            " check the spelling"
        )
    return rows[0]
