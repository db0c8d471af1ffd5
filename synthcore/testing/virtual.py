"""An exchange in this process, in virtual time: a day of trading passes in minutes, the same each time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from synthcore.exchange.delays import DelayPlan, PresetName
from synthcore.exchange.in_process.connection import InProcessConnection
from synthcore.exchange.in_process.exchange import InProcessExchange
from synthcore.exchange.in_process.output import Digest
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.source import MarketSource
from synthcore.venues.bybit.hosts import PRIVATE_PATH
from synthcore.venues.bybit.signing import Signer
from synthcore.virtual_time import START_NS, VirtualLoop, VirtualTime

T = TypeVar("T")

RECV_WINDOW_MS = 5000


class VirtualExchange:
    """An exchange without sockets on a clock that jumps; a context manager.

    ::

        with VirtualExchange(market="generator", delays="realistic") as exchange:
            exchange.run(my_bot(exchange))
            exchange.advance(3600)

    The same settings, seed and calls give the same answers, frames, times and ids, to the byte.
    Its market stands still and it takes any number of orders, unless the settings say otherwise.

    Parameters
    ----------
    source
        A market of one's own, instead of the one that the settings name.
    start_ns
        Epoch at which it begins.
    settings
        Those of `ExchangeSettings`; ports and TLS mean nothing here.

    Raises
    ------
    ConfigError
        A setting that doesn't exist, or that can't work.
    """

    def __init__(self, source: MarketSource | None = None, start_ns: int = START_NS, **settings: Any) -> None:
        self.settings = ExchangeSettings(**({"market": "steady", "rate_tier": "off"} | settings))
        self.clock = VirtualTime(start_ns)
        self.digest = Digest()
        self._source = source

    def start(self) -> VirtualExchange:
        """Open the market."""
        self.loop = VirtualLoop(self.clock)
        self.inside = self.run(self._open())
        return self

    def stop(self) -> None:
        self.run(self.inside.__aexit__(None, None, None))
        self.loop.close()

    async def _open(self) -> InProcessExchange:
        return await InProcessExchange(self.settings, self.clock, self._source, self.digest.add).__aenter__()

    # Time

    @property
    def now_ms(self) -> int:
        """The time, as its clients should read it: epoch."""
        return self.clock.epoch_ns() // 1_000_000

    def advance(self, by_s: float) -> None:
        """Let this much time pass."""
        self.loop.advance_to(self.clock.passed_ns + round(by_s * 1e9))

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; whatever it waits for takes no time."""
        return self.loop.run_until_complete(coroutine)

    # Clients

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
        return VirtualClient(self, self.accounts[account])

    def connect(self, path: str, on_frame: Callable[[bytes], None] | None = None) -> InProcessConnection:
        """Open a WebSocket connection to one of Bybit's paths.

        Raises
        ------
        HandshakeRefused
            There is nothing at this path, or a fault is in the way.
        """
        return self.inside.connect(path, on_frame)

    def set_delays(self, delays: PresetName | DelayPlan) -> None:
        """Let things take their time from now on: a preset, or delays of one's own."""
        known = self.inside.venue.delays
        if isinstance(delays, DelayPlan):
            known.set(delays)
        else:
            known.choose(delays)

    def __enter__(self) -> VirtualExchange:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class VirtualClient:
    """Calls the exchange as the owner of an account, signed as on the wire."""

    def __init__(self, exchange: VirtualExchange, account: AccountKey) -> None:
        self._exchange = exchange
        self._signer = Signer(account.api_key, account.api_secret)

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        """The answer's body.

        Raises
        ------
        AnswerLost
            The connection broke before there was an answer.
        """
        return await self._call("GET", path, urlencode(params), "")

    async def post(self, path: str, **fields: Any) -> dict[str, Any]:
        """As `get`, with a JSON body."""
        return await self._call("POST", path, "", msgspec.json.encode(fields).decode())

    async def _call(self, method: str, path: str, query: str, body: str) -> dict[str, Any]:
        now_ms = self._exchange.now_ms
        headers = (
            ("x-bapi-api-key", self._signer.key),
            ("x-bapi-timestamp", str(now_ms)),
            ("x-bapi-recv-window", str(RECV_WINDOW_MS)),
            ("x-bapi-sign", self._signer.rest(now_ms, RECV_WINDOW_MS, (query or body).encode())),
        )
        answer = await self._exchange.inside.call(method, path, query, headers, body)
        decoded: dict[str, Any] = msgspec.json.decode(answer.body)
        return decoded

    def stream(self, *topics: str, on_frame: Callable[[bytes], None] | None = None) -> InProcessConnection:
        """A private connection, signed in and subscribed."""
        connection = self._exchange.connect(PRIVATE_PATH, on_frame)
        expires_ms = self._exchange.now_ms + 10_000
        args = [self._signer.key, expires_ms, self._signer.ws_auth(expires_ms)]
        for op, content in (("auth", args), ("subscribe", list(topics))):
            connection.send(msgspec.json.encode({"op": op, "args": content}).decode())
        return connection
