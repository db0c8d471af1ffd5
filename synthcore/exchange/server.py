"""The exchange as a process: its parts in order, the ready line, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import sys
from pathlib import Path

from synthcore.exchange.certificate import Tls, certified
from synthcore.exchange.control.token import AUTO, given_token
from synthcore.exchange.fine_loop import fine_loop
from synthcore.exchange.listen import rest_server, ws_server
from synthcore.exchange.parent import die_with_parent
from synthcore.exchange.pump import market_open, pump_market, running
from synthcore.exchange.ready import Ready, write_ready_file
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.source import open_source
from synthcore.exchange.venue import MACHINE, Venue
from synthcore.venues.bybit.hosts import PRIVATE_PATH, PUBLIC_PATH, TRADE_PATH

GC_THRESHOLD = 20_000  # young objects between two collections; a full one takes milliseconds


def serve(settings: ExchangeSettings) -> int:
    """Run an exchange until SIGTERM or SIGINT. Returns the process's exit code.

    Raises
    ------
    ConfigError
        A setting that can't work: a port that is taken, an unknown symbol.
    """
    if settings.die_with_parent and not die_with_parent(settings.parent_pid):
        return 0  # the parent is gone already: nobody would ever end us
    # What was imported lives for ever: the collector need not walk it, and seldom the rest.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    with asyncio.Runner(loop_factory=fine_loop) as runner:
        runner.run(_serve(settings))
    return 0


async def _serve(settings: ExchangeSettings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    start_ms = MACHINE.epoch_ns() // 1_000_000
    source = open_source(settings, start_ms)
    venue = Venue(settings, source)
    async with contextlib.AsyncExitStack() as stack:
        tls = stack.enter_context(certified(settings.host)) if settings.tls else None
        rest_port = await stack.enter_async_context(rest_server(venue, settings, tls))
        ws_port = await stack.enter_async_context(ws_server(venue, settings, tls))
        pump = stack.enter_context(running(pump_market(venue, source, start_ms)))
        await market_open(venue, pump)
        announce(ready_of(venue, settings, rest_port, ws_port, tls), settings)
        stack.callback(forget_ready_file, settings)
        await until_stopped(stopped, pump)


async def until_stopped(stopped: asyncio.Event, pump: asyncio.Task[None]) -> None:
    """Wait for the stop signal. A market that ends leaves the exchange up; one that fails ends it."""
    stop = asyncio.create_task(stopped.wait())
    await asyncio.wait({stop, pump}, return_when=asyncio.FIRST_COMPLETED)
    if pump.done():
        pump.result()
        await stop


def ready_of(
    venue: Venue, settings: ExchangeSettings, rest_port: int, ws_port: int, tls: Tls | None
) -> Ready:
    accounts = venue.open_accounts(settings)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    rest, sockets = f"http://{host}:{rest_port}", f"ws://{host}:{ws_port}"
    if tls is not None:
        rest, sockets = f"https://{host}:{rest_port}", f"wss://{host}:{ws_port}"
    return Ready(
        rest=rest,
        ws_public=sockets + PUBLIC_PATH,
        ws_private=sockets + PRIVATE_PATH,
        ws_trade=sockets + TRADE_PATH,
        ca_file=tls.ca_file if tls is not None else None,
        api_key=accounts[0].api_key,
        api_secret=accounts[0].api_secret,
        accounts=accounts,
        control_token=venue.control.token if given_token(settings.control_token) == AUTO else None,
        pid=os.getpid(),
        instance_id=secrets.token_hex(8),
    )


def announce(ready: Ready, settings: ExchangeSettings) -> None:
    """Tell whoever waits: the file first, so that it is there when the line is read."""
    if settings.ready_file:
        write_ready_file(Path(settings.ready_file), ready)
    sys.stdout.buffer.write(ready.line() + b"\n")
    sys.stdout.buffer.flush()


def forget_ready_file(settings: ExchangeSettings) -> None:
    """A ready file must not outlive the exchange that it names."""
    if settings.ready_file:
        Path(settings.ready_file).unlink(missing_ok=True)
