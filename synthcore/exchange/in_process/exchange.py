"""A whole exchange in this process: calls and connections without sockets, on the event loop that runs."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from itertools import count
from types import TracebackType

from msgspec import Struct

from synthcore.exchange.clock import Time
from synthcore.exchange.in_process.inlet import Inlet
from synthcore.exchange.in_process.inputs import (
    AnyInput,
    CallCame,
    CallerLeft,
    FrameCame,
    SocketAsked,
    SocketEnded,
    SocketOpened,
)
from synthcore.exchange.in_process.output import Output
from synthcore.exchange.pump import market_open, pump_market, running
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.source import MarketSource, open_source
from synthcore.exchange.venue import NewKey, Venue
from synthcore.exchange.venues import Market

KEY_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

OK, NO_GOODBYE = 1000, 1006


class AnswerLost(Exception):
    """The call gets no answer: the exchange has cut its connection."""


class HandshakeRefused(Exception):
    """A WebSocket handshake was answered with an HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the handshake was answered with {status}")
        self.status = status


class ConnectionEnded(Exception):
    """The connection is gone, and everything that came over it was read."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the connection ended with code {code}")
        self.code = code  # of the closing frame; 1006 without one


class Answered(Struct, frozen=True):
    """An HTTP answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class InProcessExchange:
    """An exchange without sockets, on the event loop on which it is made; an async context manager.

    On a `VirtualLoop` with its clock, the same seed, settings and calls give the same outputs to the byte.

    Parameters
    ----------
    time
        What all its clocks read; the clock of the running loop.
    source
        A market of one's own, instead of the one that the settings name.
    on_output
        Is shown everything that the exchange lets out.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        time: Time,
        source: MarketSource | None = None,
        on_output: Callable[[Output], None] | None = None,
    ) -> None:
        self.settings = settings
        self._start_ms = time.epoch_ns() // 1_000_000
        self.source = source or open_source(settings, self._start_ms)
        self.venue = Venue(settings, self.source, time, seeded_keys(settings.seed))
        self.accounts: tuple[AccountKey, ...] = self.venue.open_accounts(settings)
        self._loop = asyncio.get_running_loop()
        self._inlet = Inlet(self.venue, self._let_out)
        self._on_output = on_output
        self._waiting: dict[int, Callable[[Output], None]] = {}  # by channel
        self._channels = count(1)
        self._stack = AsyncExitStack()

    async def call(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: str = "",
    ) -> Answered:
        """Send one HTTP request; query and body go out as they are, and are what is signed.

        A caller that is cancelled has left: what it asked for may happen all the same, as over a socket.

        Raises
        ------
        AnswerLost
            The connection broke before there was an answer.
        """
        channel = next(self._channels)
        answer: asyncio.Future[Output] = self._loop.create_future()
        self._waiting[channel] = answer.set_result
        self._inlet.take(
            CallCame(
                channel=channel, method=method, path=path, query=query, headers=tuple(headers), body=body
            )
        )
        try:
            output = await answer
        except asyncio.CancelledError:
            self._waiting[channel] = ignore
            self._inlet.take(CallerLeft(channel=channel))
            raise
        if output.kind == "lost":
            raise AnswerLost
        return Answered(output.code, output.headers, output.content)

    def connect(self, path: str, on_frame: Callable[[bytes], None] | None = None) -> InProcessConnection:
        """Open a WebSocket connection to one of Bybit's paths.

        Raises
        ------
        HandshakeRefused
            There is nothing at this path, or a fault is in the way.
        """
        channel = next(self._channels)
        connection = InProcessConnection(self._inlet, self._loop, channel, on_frame)
        self._waiting[channel] = connection.take
        self._inlet.take(SocketAsked(channel=channel, path=path))
        if connection.refused is not None:
            raise HandshakeRefused(connection.refused)
        self._inlet.take(SocketOpened(channel=channel))
        return connection

    async def __aenter__(self) -> InProcessExchange:
        """Open the market."""
        market = Market(self.source, (self.venue,))
        pump = self._stack.enter_context(running(pump_market(market, self._start_ms)))
        await market_open(market, pump)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.venue.http.end()
        await self._stack.aclose()

    def _let_out(self, output: Output) -> None:
        if self._on_output is not None:
            self._on_output(output)
        self._waiting[output.channel](output)
        if output.kind in ("answer", "lost", "ended", "refused"):
            del self._waiting[output.channel]


class InProcessConnection:
    """The client's end of a WebSocket connection."""

    def __init__(
        self,
        inlet: Inlet,
        loop: asyncio.AbstractEventLoop,
        channel: int,
        on_frame: Callable[[bytes], None] | None,
    ) -> None:
        self.refused: int | None = None
        self.close_code: int | None = None  # once it is over
        self._inlet = inlet
        self._channel = channel
        self._on_frame = on_frame
        self._said_goodbye = NO_GOODBYE
        self._loop = loop
        self._frames: deque[bytes] = deque()
        self._news = asyncio.Event()

    def send(self, text: str) -> None:
        """Send one text message; into a connection that is over it vanishes."""
        if self.close_code is None:
            self._do(FrameCame(channel=self._channel, content=text.encode().decode("latin-1")))

    async def receive(self) -> bytes:
        """The next message.

        Raises
        ------
        ConnectionEnded
            There is none any more.
        """
        while not self._frames:
            if self.close_code is not None:
                raise ConnectionEnded(self.close_code)
            self._news.clear()
            await self._news.wait()
        return self._frames.popleft()

    def close(self) -> None:
        """Hang up."""
        if self.close_code is None:
            self.close_code = OK
            self._do(SocketEnded(channel=self._channel))
            self._news.set()

    def take(self, output: Output) -> None:
        """Something came: the reader gets it when the exchange has done its step."""
        match output.kind:
            case "refused":
                self.refused = output.code
            case "goodbye":
                self._said_goodbye = output.code
            case "frame" | "ended":
                self._loop.call_soon(self._arrive, output)

    def _do(self, given: AnyInput) -> None:
        """Now, if the loop runs; else as soon as it does."""
        if self._loop.is_running():
            self._inlet.take(given)
        else:
            self._loop.call_soon(self._inlet.take, given)

    def _arrive(self, output: Output) -> None:
        if self.close_code is not None:
            return
        if output.kind == "ended":
            self.close_code = self._said_goodbye
            self._inlet.take(SocketEnded(channel=self._channel))
        elif self._on_frame is not None:
            self._on_frame(output.content)
        else:
            self._frames.append(output.content)
        self._news.set()


def seeded_keys(seed: int) -> NewKey:
    """Keys that repeat: good where nobody else can reach the exchange."""
    source = random.Random(f"{seed}/keys")

    def new_key() -> tuple[str, str]:
        text = "".join(source.choices(KEY_ALPHABET, k=54))
        return text[:18], text[18:]

    return new_key


def ignore(output: Output) -> None:
    """Nobody waits for it any more."""
