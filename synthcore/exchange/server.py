"""The exchange as a process: its parts in order, the ready line, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from synthcore._core.affinity import ORDERS, take_precedence
from synthcore.exchange.certificate import Tls, certified
from synthcore.exchange.control.token import AUTO, given_token
from synthcore.exchange.door import Door
from synthcore.exchange.fine_loop import fine_loop
from synthcore.exchange.in_process.doors import LoggedDoor
from synthcore.exchange.in_process.logged import LoggedExchange
from synthcore.exchange.listen import Addresses, listening
from synthcore.exchange.parent import die_with_parent
from synthcore.exchange.pump import market_open, pump_market, pump_public, running, tick_venues
from synthcore.exchange.ready import FlavourReady, Ready, write_ready_file
from synthcore.exchange.regular_file import require_regular
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.state.folder import StateFolder
from synthcore.exchange.state.store import Store
from synthcore.exchange.venue import MACHINE
from synthcore.exchange.venues import open_markets
from synthcore.venues.bybit.hosts import PRIVATE_PATH, PUBLIC_PATH, STATUS_PATH, TRADE_PATH

logger = logging.getLogger(__name__)

GC_THRESHOLD = 20_000  # young objects between two collections; a full one takes milliseconds

Opened = tuple[Sequence[Door], Sequence[asyncio.Future[None]]]


def serve(settings: ExchangeSettings) -> int:
    """Run an exchange until SIGTERM or SIGINT. Returns the process's exit code.

    Raises
    ------
    ConfigError
        A setting that can't work: a port that is taken, an unknown symbol.
    """
    if settings.die_with_parent and not die_with_parent(settings.parent_pid):
        return 0  # the parent is gone already: nobody would ever end us
    if settings.ready_file:
        require_regular(Path(settings.ready_file), "ready file", "ready_file")
    # What was imported lives for ever: the collector need not walk it, and seldom the rest.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    if settings.realtime and not (precedence := take_precedence(ORDERS, inherited=False)).held:
        logger.warning("the exchange goes on as an ordinary process: %s", precedence.reason)
    with asyncio.Runner(loop_factory=fine_loop) as runner:
        runner.run(_serve(settings))
    return 0


async def _serve(settings: ExchangeSettings) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(StateFolder(Path(settings.state))) if settings.state else None
        tls = stack.enter_context(certified(settings.host)) if settings.tls else None
        doors, markets = await stack.enter_async_context(opened(settings, folder))
        served = {}
        for door in doors:
            served[door] = await stack.enter_async_context(listening(door, tls))
        instance_id = folder.instance_id if folder is not None else secrets.token_hex(8)
        announce(ready_of(served, settings, tls, instance_id), settings)
        stack.callback(forget_ready_file, settings)
        await until_stopped(stopped, markets)


@contextlib.asynccontextmanager
async def opened(settings: ExchangeSettings, folder: StateFolder | None) -> AsyncIterator[Opened]:
    """Open the exchange that the settings name: its doors, and what is done when a market ends."""
    if settings.input_log:
        logged = LoggedExchange(settings, Path(settings.input_log))
        with contextlib.closing(logged):
            yield [LoggedDoor(logged, venue) for venue in logged.inside.venues.values()], [logged.failed]
        return
    start_ms = MACHINE.epoch_ns() // 1_000_000
    markets = open_markets(settings, start_ms, folder=folder)
    venues = [venue for market in markets for venue in market.venues]
    with contextlib.ExitStack() as stack:
        lost = [stack.enter_context(watched(venue.store)) for venue in venues if venue.store is not None]
        pumps = [stack.enter_context(running(pump_market(market, start_ms))) for market in markets]
        ticks = [stack.enter_context(running(tick_venues(market))) for market in markets]
        pushes = [stack.enter_context(running(pump_public(venue))) for venue in venues]
        for market, pump in zip(markets, pumps, strict=True):
            await market_open(market, pump)
        yield venues, [*pumps, *ticks, *pushes, *lost]


@contextlib.contextmanager
def watched(store: Store) -> Iterator[asyncio.Future[None]]:
    """Hold a state's file; gives what has the reason once it can't be written any more."""
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    store.tell_failed = failed.set_exception
    with contextlib.closing(store):
        yield failed


async def until_stopped(stopped: asyncio.Event, markets: Iterable[asyncio.Future[None]]) -> None:
    """Wait for the stop signal. A market that ends leaves the exchange up; one that fails ends it."""
    stop = asyncio.create_task(stopped.wait())
    waiting: set[asyncio.Future[Any]] = {stop, *markets}
    while stop in waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()


def ready_of(
    served: Mapping[Door, Addresses], settings: ExchangeSettings, tls: Tls | None, instance_id: str
) -> Ready:
    """What the exchange says: of each flavour, and of the first one in front."""
    flavours, second = {}, None
    for door, at in served.items():
        ready = flavour_ready(door, at, settings)
        if door.flavour.is_second:
            second = ready
        else:
            flavours[door.flavour.name] = ready
    first = next(iter(flavours.values()))
    assert first.ws_public is not None and first.ws_trade is not None  # demo is never alone, nor first
    return Ready(
        rest=first.rest,
        ws_public=first.ws_public,
        ws_private=first.ws_private,
        ws_trade=first.ws_trade,
        ca_file=tls.ca_file if tls is not None else None,
        api_key=first.api_key,
        api_secret=first.api_secret,
        accounts=first.accounts,
        control_token=first.control_token,
        pid=os.getpid(),
        instance_id=instance_id,
        flavours=flavours,
        second_venue=second,
    )


def flavour_ready(door: Door, at: Addresses, settings: ExchangeSettings) -> FlavourReady:
    keys = door.open_accounts(settings)
    accounts, further = keys[: settings.accounts], keys[settings.accounts :]
    return FlavourReady(
        rest=at.rest,
        ws_public=at.sockets + PUBLIC_PATH if door.flavour.has_public_stream else None,
        ws_private=at.sockets + PRIVATE_PATH,
        ws_trade=at.sockets + TRADE_PATH if door.flavour.has_trade_socket else None,
        ws_status=at.sockets + STATUS_PATH if door.flavour.has_public_stream else None,
        api_key=accounts[0].api_key,
        api_secret=accounts[0].api_secret,
        accounts=accounts,
        keys=further,
        control_token=door.control.token if given_token(settings.control_token) == AUTO else None,
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
