"""What every exchange without sockets is made of: venues, markets and accounts behind one inlet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from synthcore.exchange.clock import Time
from synthcore.exchange.in_process.inlet import Inlet
from synthcore.exchange.in_process.output import Output
from synthcore.exchange.market.source import MarketSource
from synthcore.exchange.pump import market_open, pump_market, pump_public, running, tick_venues
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.venue import NewKey, Venue
from synthcore.exchange.venues import Market, open_markets


class Inside:
    """An exchange on the event loop on which it is made; an async context manager.

    Parameters
    ----------
    time
        What all its clocks read; the clock of that loop.
    source
        A market of one's own for mainnet alone, instead of those that the settings name.
    new_key
        Makes the key and the secret of each account.
    on_output
        Takes everything that comes out.
    state
        The file in which the venue of a market of one's own outlives this object.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        time: Time,
        source: MarketSource | None,
        new_key: NewKey,
        on_output: Callable[[Output], None],
        state: Path | None = None,
    ) -> None:
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self._start_ms = time.epoch_ns() // 1_000_000
        if source is None:
            self._markets = open_markets(settings, self._start_ms, time, new_key)
        else:
            self._markets = [Market(source, (Venue(settings, source, time, new_key, state=state),))]
        venues = [venue for market in self._markets for venue in market.venues]
        self.venues = {venue.flavour.name: venue for venue in venues}
        self.keys = {name: venue.open_accounts(settings) for name, venue in self.venues.items()}
        self.inlet = Inlet(self.venues, time, on_output)
        self.beside: list[asyncio.Task[None]] = []  # what goes on all the time
        self._stack = ExitStack()

    @property
    def venue(self) -> Venue:
        """The first of them."""
        return next(iter(self.venues.values()))

    @property
    def accounts(self) -> tuple[AccountKey, ...]:
        """Those of the first venue."""
        return self.keys[self.venue.flavour.name]

    async def __aenter__(self) -> Self:
        """Open the markets."""
        for venue in self.venues.values():
            self._beside(pump_public(venue))
        pumps = [self._beside(pump_market(market, self._start_ms)) for market in self._markets]
        for market, pump in zip(self._markets, pumps, strict=True):
            self._beside(tick_venues(market))
            await market_open(market, pump)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for venue in self.venues.values():
            venue.http.end()
        self._stack.close()

    def _beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        self.beside.append(self._stack.enter_context(running(work)))
        return self.beside[-1]
