"""The servers' side of a logged exchange: an ASGI application and WebSocket listeners that only pass on."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)

from synthcore.exchange.http_edge import Receive, Scope, Send, cut, read_all, write
from synthcore.exchange.in_process.inlet import NOT_FOUND
from synthcore.exchange.in_process.inputs import (
    CallCame,
    CallerLeft,
    FrameCame,
    SocketAsked,
    SocketEnded,
    SocketOpened,
)
from synthcore.exchange.in_process.logged import LoggedExchange
from synthcore.exchange.in_process.output import Output
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.rest import Answer
from synthcore.exchange.sessions import MAX_UNSENT_BYTES
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.venue import Venue
from synthcore.venues.bybit.hosts import Environment

logger = logging.getLogger(__name__)


class LoggedDoor:
    """One venue of a logged exchange, from the side of its servers."""

    def __init__(self, exchange: LoggedExchange, venue: Venue) -> None:
        self._exchange = exchange
        self._venue = venue
        self.settings = venue.settings
        self.flavour = venue.flavour
        self.control = venue.control
        self.lines = venue.lines
        self.http = LoggedHttp(exchange, venue)

    def session(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        """The listener of a handshake; None answers 404."""
        socket = LoggedSocket(self._exchange, request.path.decode("latin-1"), self.flavour.name)
        if socket.refused == NOT_FOUND:
            return None
        if socket.refused:
            refusal = WSUpgradeResponse.create_error_response(socket.refused)
            return WSUpgradeResponseWithListener(refusal, None)
        return socket

    def open_accounts(self, settings: ExchangeSettings) -> tuple[AccountKey, ...]:
        """They have been open from the start."""
        return self._exchange.inside.keys[self.flavour.name]

    def hang_up(self) -> None:
        self._exchange.do(self._venue.hang_up)


class LoggedHttp:
    """An ASGI application: each whole request is one input."""

    def __init__(self, exchange: LoggedExchange, venue: Venue) -> None:
        self._exchange = exchange
        self._venue = venue

    def end(self) -> None:
        """Let go of the connections that hang: the exchange is going away."""
        self._exchange.do(self._venue.http.end)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await read_all(receive)
        answered: asyncio.Future[Output] = asyncio.get_running_loop().create_future()
        channel = self._exchange.channel(answered.set_result)
        try:
            self._exchange.give(call_of(scope, body, channel, self._venue.flavour.name))
            while self._exchange.has_outputs and not answered.done():
                self._exchange.deliver_next()
            if not answered.done():
                self._exchange.deliver()
                await self._wait(answered, receive, channel)
            if answered.done():  # where it came at once, it is written before the frames that follow it
                await self._finish(answered.result(), scope, receive, send)
            self._exchange.deliver()
        finally:
            self._exchange.forget(channel)

    async def _finish(self, output: Output, scope: Scope, receive: Receive, send: Send) -> None:
        if output.kind == "lost":
            await cut(scope, receive)
        else:
            await write(Answer(output.code, output.content, output.headers), send)

    async def _wait(self, answered: asyncio.Future[Output], receive: Receive, channel: int) -> None:
        """Wait for an answer that takes its time, or until the caller has left."""
        leaving = asyncio.ensure_future(receive())
        waiting: list[asyncio.Future[Any]] = [answered, leaving]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
        if not answered.done():
            self._exchange.give(CallerLeft(channel=channel))


def call_of(scope: Scope, body: bytes, channel: int, flavour: Environment) -> CallCame:
    """A request as data."""
    client = scope.get("client")
    return CallCame(
        channel=channel,
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        body=body.decode("latin-1"),
        client=client[0] if client is not None else "",
        flavour=flavour,
    )


class LoggedSocket(WSListener):
    """One WebSocket connection: its messages are inputs, outputs are written to it."""

    def __init__(self, exchange: LoggedExchange, path: str, flavour: Environment) -> None:
        self.refused = 0  # the status of a handshake that fails
        self._exchange = exchange
        self._transport: WSTransport | None = None
        self._writing_paused = False
        self._channel = exchange.channel(self._put)
        exchange.give(SocketAsked(channel=self._channel, path=path, flavour=flavour))
        exchange.deliver()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._exchange.give(SocketOpened(channel=self._channel))
        self._exchange.deliver()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        content = frame.get_payload_as_bytes().decode("latin-1")
        opcode = int(frame.msg_type)  # type: ignore[call-overload]
        self._exchange.give(
            FrameCame(channel=self._channel, content=content, opcode=opcode, is_last=bool(frame.fin))
        )
        self._exchange.deliver()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        self._exchange.give(SocketEnded(channel=self._channel))
        self._exchange.forget(self._channel)
        self._exchange.deliver()

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False

    def _put(self, output: Output) -> None:
        transport = self._transport
        if output.kind == "refused":
            self.refused = output.code
            self._exchange.forget(self._channel)
        if transport is None:
            return
        match output.kind:
            case "frame":
                self._write(transport, output.content)
            case "goodbye":
                transport.send_close(output.code, output.content)  # type: ignore[arg-type]  # any number
            case "ended" | "cut":
                self._transport = None
                transport.disconnect(graceful=output.kind == "ended")
            case "silent":
                transport.underlying_transport.pause_reading()

    def _write(self, transport: WSTransport, frame: bytes) -> None:
        if self._writing_paused:
            unsent = transport.underlying_transport.get_write_buffer_size()
            if unsent > MAX_UNSENT_BYTES:
                logger.warning("a client may leave at most %d bytes unread: cut", MAX_UNSENT_BYTES)
                self._transport = None
                transport.disconnect(graceful=False)
                return
        transport.send(WSMsgType.TEXT, frame)
