"""The exchange of a simulation, over its lives: it goes away, and comes back with or without its state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from synthcore.environment import Credentials
from synthcore.exchange.in_process.exchange import InProcessExchange
from synthcore.exchange.in_process.output import Output
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.venue import Venue
from synthcore.secret import Secret
from synthcore.simulation.market import SYMBOLS, Walk, WalkingMarket
from synthcore.virtual_time import VirtualTime

WALLET_USDT = Decimal(1_000_000_000)  # liquidations cost margin, and no trade may fail for want of money


class Ground:
    """One exchange after the other, of which none or one is there.

    Parameters
    ----------
    state
        The file in which an exchange finds what the one before it left.
    on_output
        Is shown everything that any of them lets out.

    Attributes
    ----------
    on_open, on_gone
        Called when an exchange is there, before anybody can reach it, and when it is gone.
    """

    def __init__(
        self, seed: int, time: VirtualTime, state: Path, on_output: Callable[[Output], None]
    ) -> None:
        self.exchange: InProcessExchange | None = None
        self.on_open: Callable[[Venue], None] = lambda venue: None
        self.on_gone: Callable[[], None] = lambda: None
        self._seed = seed
        self._time = time
        self._state = state
        self._on_output = on_output
        self._walk = Walk(seed)
        self._world = 0  # counts exchanges that begin with nothing
        self._back = asyncio.Event()

    @property
    def instance_id(self) -> str:
        """Of the exchange that is there or comes back; one that knows nothing has another."""
        return f"simulated-{self._seed}-{self._world}"

    @property
    def credentials(self) -> Credentials:
        assert self.exchange is not None, "only an exchange that is there tells its keys"
        account = self.exchange.accounts[0]
        return Credentials(api_key=Secret(account.api_key), api_secret=Secret(account.api_secret))

    async def open(self) -> None:
        """Let an exchange begin, from its file where there is one."""
        start_ms = self._time.epoch_ns() // 1_000_000
        exchange = InProcessExchange(
            ExchangeSettings(
                symbols=SYMBOLS,
                seed=self._seed * 1000 + self._world,
                position_mode="hedge",
                wallet_usdt=WALLET_USDT,
                rate_tier="20",
                delays="realistic",
            ),
            self._time,
            WalkingMarket(self._walk, start_ms),
            self._on_output,
            self._state,
        )
        self.on_open(exchange.venue)
        self.exchange = await exchange.__aenter__()
        self._back.set()

    async def go_away(self, for_s: float, *, keeps_state: bool) -> None:
        """End the exchange at once, as a kill does, and let it begin again after a while."""
        await self.close()
        if not keeps_state:
            self._state.unlink()
            self._world += 1
        await asyncio.sleep(for_s)
        await self.open()

    async def close(self) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            return
        self._back.clear()
        store = exchange.venue.store
        assert store is not None
        store.close()  # nothing that is still on its way in there is kept
        self.on_gone()
        await exchange.__aexit__(None, None, None)

    async def is_there(self) -> None:
        """Wait until there is an exchange."""
        await self._back.wait()
