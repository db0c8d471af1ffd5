"""An exchange in this process, in virtual time: a day of trading passes in minutes, the same each time."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from synthcore.exchange.control import latency
from synthcore.exchange.delays import DelayPlan, PresetName
from synthcore.exchange.in_process.connection import InProcessConnection
from synthcore.exchange.in_process.control import InProcessControl
from synthcore.exchange.in_process.exchange import InProcessExchange
from synthcore.exchange.in_process.output import Digest
from synthcore.exchange.market.source import MarketSource
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.settings import ExchangeSettings
from synthcore.testing.faults import Faults
from synthcore.testing.market import Market
from synthcore.testing.virtual_client import VirtualClient
from synthcore.testing.virtual_clock import VirtualClock

if TYPE_CHECKING:  # httpx is loaded by whoever wants its transport
    from synthcore.testing.transport import InProcessTransport


class VirtualExchange:
    """An exchange without sockets on a clock that jumps; a context manager.

    ::

        with VirtualExchange(market="generator", delays="realistic") as exchange:
            exchange.clock.run(my_bot(exchange))
            exchange.clock.advance(3600)

    The same settings, seed and calls give the same answers, frames, times and ids, to the byte.
    Its market stands still and it takes any number of orders, unless the settings say otherwise.

    Parameters
    ----------
    source
        A market of one's own, instead of the one that the settings name.
    clock
        Shared with others; without one it has its own.
    settings
        Those of `ExchangeSettings`; ports and TLS mean nothing here.

    Raises
    ------
    ConfigError
        A setting that doesn't exist, or that can't work.
    """

    rest = "http://exchange.virtual"  # any name will do: `transport` knows no other exchange

    def __init__(
        self, source: MarketSource | None = None, clock: VirtualClock | None = None, **settings: Any
    ) -> None:
        # Without a token the exchange keeps no log of what happened, which costs a quarter of an order.
        self.settings = ExchangeSettings(**({"market": "steady", "rate_tier": "off"} | settings))
        self.clock = clock or VirtualClock()
        self.digest = Digest()  # of everything that came out
        self._source = source
        self._owns_clock = clock is None

    def start(self) -> VirtualExchange:
        """Open the market."""
        self.inside = self.clock.run(self._open())
        self.control = InProcessControl(self.inside)
        self.faults = self.watch_faults()
        self.market = Market(self.control)
        return self

    def stop(self) -> None:
        self.clock.run(self.inside.__aexit__(None, None, None))
        if self._owns_clock:
            self.clock.close()

    async def _open(self) -> InProcessExchange:
        return await InProcessExchange(
            self.settings, self.clock.time, self._source, self.digest.add
        ).__aenter__()

    @property
    def accounts(self) -> tuple[AccountKey, ...]:
        return self.inside.accounts

    @property
    def api_key(self) -> str:
        return self.accounts[0].api_key

    @property
    def api_secret(self) -> str:
        return self.accounts[0].api_secret

    def client(self, account: int = 0) -> VirtualClient:
        """A client that signs for one of the accounts."""
        return VirtualClient(self.inside, self.clock, self.accounts[account])

    def transport(self) -> InProcessTransport:
        """For `httpx.AsyncClient(transport=…)`."""
        from synthcore.testing.transport import InProcessTransport

        return InProcessTransport(self.inside)

    def connect(self, path: str, on_frame: Callable[[bytes], None] | None = None) -> InProcessConnection:
        """Open a WebSocket connection to one of Bybit's paths.

        Raises
        ------
        HandshakeRefused
            There is nothing at this path, or a fault is in the way.
        """
        return self.inside.connect(path, on_frame)

    def watch_faults(self) -> Faults:
        """What goes wrong, with a record that begins now."""
        return Faults(self.control, self.clock.time.monotonic_s, self.clock.advance)

    def set_delays(self, delays: PresetName | DelayPlan) -> None:
        """Let things take their time from now on: a preset, or delays of one's own."""
        self.control.post(latency.PATH, latency.request(delays))

    def __enter__(self) -> VirtualExchange:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
