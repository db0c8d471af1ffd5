"""What every exchange without sockets is made of: venue, market and accounts behind one inlet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from synthcore.exchange.clock import Time
from synthcore.exchange.in_process.inlet import Inlet
from synthcore.exchange.in_process.output import Output
from synthcore.exchange.pump import market_open, pump_market, running
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.source import MarketSource, open_source
from synthcore.exchange.venue import NewKey, Venue


class Inside:
    """An exchange on the event loop on which it is made; an async context manager.

    Parameters
    ----------
    time
        What all its clocks read; the clock of that loop.
    source
        A market of one's own, instead of the one that the settings name.
    new_key
        Makes the key and the secret of each account.
    on_output
        Takes everything that comes out.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        time: Time,
        source: MarketSource | None,
        new_key: NewKey,
        on_output: Callable[[Output], None],
    ) -> None:
        self.settings = settings
        self.loop = asyncio.get_running_loop()
        self._start_ms = time.epoch_ns() // 1_000_000
        self._source = source or open_source(settings, self._start_ms)
        self.venue = Venue(settings, self._source, time, new_key)
        self.accounts: tuple[AccountKey, ...] = self.venue.open_accounts(settings)
        self.inlet = Inlet(self.venue, on_output)
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        """Open the market."""
        pump = self._stack.enter_context(running(pump_market(self.venue, self._source, self._start_ms)))
        await market_open(self.venue, pump)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.venue.http.end()
        self._stack.close()
