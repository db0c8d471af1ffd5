"""One trading process's connections to the exchange: without sockets, and cut at once when it is killed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from synthcore.exchange.in_process.connection import InProcessConnection
from synthcore.exchange.in_process.exchange import AnswerLost, HandshakeRefused, InProcessExchange
from synthcore.exchange.in_process.transport import TextFrame
from synthcore.orders.called import Called, Headers
from synthcore.simulation.ground import Ground

CREATES = ("/v5/order/create", "/v5/order/create-batch")
CREATE_OPERATION = b'"op":"order.create'
LINK_ID = re.compile(rb'"orderLinkId":"([^"]+)"')


class Wires:
    """What stands for the operating system's network under one process."""

    def __init__(self, ground: Ground) -> None:
        self.on_order: Callable[[str], None] = lambda link_id: None  # told each that leaves by the desk
        self._ground = ground
        self._links: dict[Link, None] = {}
        self._calls: dict[asyncio.Task[Called], None] = {}
        self._is_severed = False

    def sever(self) -> None:
        """The process is dead: nothing leaves it and nothing reaches it any more."""
        self._is_severed = True
        for link in list(self._links):
            link.hang_up()
        self.lose_all()

    def lose_all(self) -> None:
        """The exchange is gone: connections end without a word, and so do calls."""
        links, self._links = self._links, {}
        for link in links:
            link.end()
        for call in list(self._calls):
            call.cancel()

    # HTTP, as `orders.called` wants it

    async def call(self, method: str, path: str, query: str, headers: Headers, body: bytes) -> Called:
        exchange = self._reachable()
        if path in CREATES:
            self._tell_orders(body)
        call = exchange.loop.create_task(self._called(exchange, method, path, query, headers, body))
        self._calls[call] = None
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            if call.cancelled() and not self._is_severed:  # not the caller: the exchange went away
                raise ConnectionResetError("the exchange went away") from None
            call.cancel()
            raise
        finally:
            del self._calls[call]

    async def _called(
        self, exchange: InProcessExchange, method: str, path: str, query: str, headers: Headers, body: bytes
    ) -> Called:
        try:
            answer = await exchange.call(method, path, query, headers, body)
        except AnswerLost:
            raise ConnectionResetError("the connection was cut before the answer") from None
        return Called(answer.status, answer.headers, answer.body)

    # WebSockets, as `picows.ws_connect`

    async def connect(
        self, make_listener: Callable[[], Any], url: str, *, disconnect_on_exception: bool
    ) -> tuple[Any, Any]:
        exchange = self._reachable()
        listener = make_listener()
        link = Link(listener, self._forget, self._on_text)
        try:
            link.open(exchange, urlsplit(url).path)
        except HandshakeRefused as e:
            raise ConnectionRefusedError(str(e)) from None
        self._links[link] = None
        return link, listener

    def _forget(self, link: Link) -> None:
        self._links.pop(link, None)

    def _on_text(self, text: bytes) -> None:
        if CREATE_OPERATION in text:
            self._tell_orders(text)

    def _tell_orders(self, text: bytes) -> None:
        for link_id in LINK_ID.findall(text):
            self.on_order(link_id.decode())

    def _reachable(self) -> InProcessExchange:
        if self._is_severed:
            raise asyncio.CancelledError("the process is dead")
        if self._ground.exchange is None:
            raise ConnectionRefusedError("nobody listens")
        return self._ground.exchange


class Link:
    """The process's end of one WebSocket: what picows' transport is to a listener."""

    def __init__(
        self, listener: Any, on_end: Callable[[Link], None], on_text: Callable[[bytes], None]
    ) -> None:
        self._listener = listener
        self._on_end = on_end
        self._on_text = on_text
        self._connection: InProcessConnection | None = None

    def open(self, exchange: InProcessExchange, path: str) -> None:
        self._connection = exchange.connect(path, self._take, self.end)

    def end(self) -> None:
        """The other side is gone."""
        if self._connection is not None:
            self._connection = None
            self._on_end(self)
            self._listener.on_ws_disconnected(self)

    def hang_up(self) -> None:
        """Leave; the listener hears no more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._on_end(self)
            connection.close()

    def _take(self, content: bytes) -> None:
        if self._connection is not None:
            self._listener.on_ws_frame(self, TextFrame(content))

    # What a listener and its owner call

    def send(self, msg_type: object, message: bytes) -> None:
        self._on_text(message)
        self.carry(message)

    def carry(self, message: bytes) -> None:
        """As `send`, for who tells of it himself."""
        if self._connection is not None:
            self._connection.send(message.decode())

    def disconnect(self, graceful: bool = True) -> None:
        if self._connection is not None:
            self.hang_up()
            self._listener.on_ws_disconnected(self)
