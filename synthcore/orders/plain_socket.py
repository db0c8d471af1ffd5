"""A WebSocket whose messages are handed over as they came, for whoever compares what exchanges say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from picows import WSMsgType, WSTransport

from synthcore.backoff import Backoff
from synthcore.orders.kept import KeptSocket, Listener
from synthcore.venues.bybit.signing import Signer

NEVER_S = 86_400.0  # a ping of its own would put an answer between the others


class PlainSocket(KeptSocket):
    """One connection that says nothing by itself; `messages` has all that came, undecoded."""

    name = "plain socket"

    def __init__(
        self,
        url: str,
        signer: Signer,
        server_time_ms: Callable[[], float],
        backoff: Backoff | None = None,
        ping_every_s: float = NEVER_S,
    ) -> None:
        super().__init__(url, signer, server_time_ms, backoff, ping_every_s)
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()

    def send(self, request: object) -> None:
        """Send one request as JSON; lost while there is no connection."""
        if self._transport is not None:
            self._transport.send(WSMsgType.TEXT, msgspec.json.encode(request))

    async def greet(self, transport: WSTransport, listener: Listener) -> None:
        """Say nothing: signing in is the user's."""

    def on_text(self, listener: Listener, text: bytes) -> None:
        self.messages.put_nowait(text)
