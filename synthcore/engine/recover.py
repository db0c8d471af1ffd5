"""Recovery by hand: what an earlier process left, shown or brought to its end, without trading."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from synthcore.engine.account import backend_of
from synthcore.engine.books import Books, open_books, read_books
from synthcore.engine.venue import Venue, open_venue
from synthcore.errors import ConfigError
from synthcore.execution.desk import Desk
from synthcore.execution.recovery import Plan
from synthcore.settings.run import RunSettings


async def look(settings: RunSettings) -> Plan:
    """Say what a recovery would do, and change nothing.

    Raises
    ------
    ConfigError
        Another process trades on the account, or no exchange is named.
    """
    async with AsyncExitStack() as house:
        venue = await house.enter_async_context(named_venue(settings))
        books = house.enter_context(read_books(settings, venue))
        desk = await house.enter_async_context(idle_desk(settings, venue, books))
        return await (await desk.connect(books.leftovers, venue.instance_id)).plan()


async def recover(settings: RunSettings, say: Callable[[str], None]) -> None:
    """Bring to its end what an earlier process left; each trade's end is said.

    Raises
    ------
    ConfigError
        Another process trades on the account, or no exchange is named.
    Unresolved
        Something could not be proven flat.
    """
    async with AsyncExitStack() as house:
        venue = await house.enter_async_context(named_venue(settings))
        books = house.enter_context(open_books(settings, venue, say))
        desk = await house.enter_async_context(idle_desk(settings, venue, books, say))
        books.run_begun(desk.run, venue)
        await desk.start(books.leftovers, venue.instance_id)


@asynccontextmanager
async def named_venue(settings: RunSettings) -> AsyncIterator[Venue]:
    """The exchange that the trades are on; a new one of our own would know nothing of them."""
    if settings.environment.name == "embedded" and settings.attach is None:
        raise ConfigError(
            "recovery needs the exchange that the trades are on, none is named: give --attach READY or --env;"
            " an exchange that a run had started for itself ended with it, and what was held there, too"
        )
    async with open_venue(settings) as venue:
        yield venue


@asynccontextmanager
async def idle_desk(
    settings: RunSettings, venue: Venue, books: Books, say: Callable[[str], None] | None = None
) -> AsyncIterator[Desk]:
    """A desk without market data: closes go at market."""
    desk = Desk(
        backend_of(settings.config, venue),
        settings.config,
        lambda symbol: None,
        on_alarm=say,
        journal=books.journal,
    )
    try:
        yield desk
    finally:
        await desk.close()
