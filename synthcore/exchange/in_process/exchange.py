"""A whole exchange in this process: its clients' calls and connections, without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path

from msgspec import Struct

from synthcore.exchange.clock import Time
from synthcore.exchange.in_process.connection import InProcessConnection
from synthcore.exchange.in_process.inputs import CallCame, CallerLeft, SocketAsked, SocketOpened
from synthcore.exchange.in_process.inside import Inside
from synthcore.exchange.in_process.keys import seeded_keys
from synthcore.exchange.in_process.output import Output
from synthcore.exchange.market.source import MarketSource
from synthcore.exchange.rest import Headers
from synthcore.exchange.settings import ExchangeSettings

LAST = frozenset({"answer", "lost", "refused", "ended", "cut"})  # nothing comes over a channel after these


class AnswerLost(Exception):
    """The call gets no answer: the exchange has cut its connection."""


class HandshakeRefused(Exception):
    """A WebSocket handshake was answered with an HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the handshake was answered with {status}")
        self.status = status


class Answered(Struct, frozen=True):
    """An HTTP answer."""

    status: int
    headers: Headers
    body: bytes


class InProcessExchange(Inside):
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
    state
        As for `Inside`.
    """

    def __init__(
        self,
        settings: ExchangeSettings,
        time: Time,
        source: MarketSource | None = None,
        on_output: Callable[[Output], None] | None = None,
        state: Path | None = None,
    ) -> None:
        super().__init__(settings, time, source, seeded_keys(settings.seed), self._let_out, state)
        self._on_output = on_output
        self._waiting: dict[int, Callable[[Output], None]] = {}  # by channel
        self._channels = count(1)

    async def call(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> Answered:
        """Send one HTTP request; query and body go out as they are, and are what is signed.

        A caller that is cancelled has left: what it asked for may happen all the same, as over a socket.

        Raises
        ------
        AnswerLost
            The connection broke before there was an answer.
        """
        channel = next(self._channels)
        answer: asyncio.Future[Output] = self.loop.create_future()
        self._waiting[channel] = answer.set_result
        came = CallCame(
            channel=channel,
            method=method,
            path=path,
            query=query,
            headers=tuple(headers),
            body=body.decode("latin-1"),
        )
        self.inlet.take(came)
        try:
            output = await answer
        except asyncio.CancelledError:
            self._waiting[channel] = ignore
            self.inlet.take(CallerLeft(channel=channel))
            raise
        if output.kind == "lost":
            raise AnswerLost
        return Answered(output.code, output.headers, output.content)

    def connect(
        self,
        path: str,
        on_frame: Callable[[bytes], None] | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> InProcessConnection:
        """Open a WebSocket connection to one of Bybit's paths.

        Raises
        ------
        HandshakeRefused
            There is nothing at this path, or a fault is in the way.
        """
        channel = next(self._channels)
        connection = InProcessConnection(self.inlet, self.loop, channel, on_frame, on_end)
        self._waiting[channel] = connection.take
        self.inlet.take(SocketAsked(channel=channel, path=path))
        if connection.refused is not None:
            raise HandshakeRefused(connection.refused)
        self.inlet.take(SocketOpened(channel=channel))
        return connection

    def _let_out(self, output: Output) -> None:
        if self._on_output is not None:
            self._on_output(output)
        self._waiting[output.channel](output)
        if output.kind in LAST:
            del self._waiting[output.channel]


def ignore(output: Output) -> None:
    """Nobody waits for it any more."""
