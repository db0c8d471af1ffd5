"""Sockets for the HTTP library, straight on asyncio: a request leaves in one piece, and says when.

The library's own sockets cost a third of an order: two writes (head, body) that wake the exchange twice,
a cancel scope around each, and a system call for each idle connection before each request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from time import monotonic_ns
from typing import Any, cast

import httpcore

CLOSE_TIMEOUT_S = 1.0


class Stream(httpcore.AsyncNetworkStream, asyncio.Protocol):
    """One connection. What is written leaves when an answer is waited for, head and body together.

    Attributes
    ----------
    sent_ns
        When the last request was handed to the socket (monotonic).
    received_ns
        When the last of what came in was read from it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.sent_ns = 0
        self.received_ns = 0
        self._loop = loop
        self._transport: asyncio.Transport
        self._unsent = bytearray()
        self._received = bytearray()
        self._is_over = False  # the other side will say no more
        self._arrival: asyncio.Future[None] | None = None
        self._closed: asyncio.Future[None] = loop.create_future()

    # What the HTTP library calls

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent += buffer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._send()
        if not self.is_readable:
            await self._wait_for_arrival(timeout)
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        return data

    async def aclose(self) -> None:
        self._transport.abort()  # it says goodbye to nobody: an answer that is still owed is lost anyway
        await asyncio.wait([self._closed], timeout=CLOSE_TIMEOUT_S)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                ssl_context,
                server_hostname=server_hostname,
                ssl_handshake_timeout=timeout,
            )
        except OSError as e:  # `ssl.SSLError` and a time-out among them
            self._transport.abort()
            raise httpcore.ConnectError(f"TLS: {e}") from e
        if transport is None:
            raise httpcore.ConnectError("TLS: the connection was closed in the handshake")
        self._transport = transport
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # an idle connection that has something to say has ended
            return self.is_readable
        return self._transport.get_extra_info(info)

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        self.received_ns = monotonic_ns()
        self._received += data
        self._arrive()

    def eof_received(self) -> None:
        self._is_over = True
        self._arrive()

    def connection_lost(self, error: Exception | None) -> None:
        self._is_over = True
        self._arrive()
        if not self._closed.done():
            self._closed.set_result(None)

    # Inside

    @property
    def is_readable(self) -> bool:
        """Whether a read would give something at once: data, or the end."""
        return self._is_over or bool(self._received)

    def _send(self) -> None:
        if not self._unsent:
            return
        if self._is_over:
            raise httpcore.WriteError("the connection was closed before the request")
        self._transport.write(bytes(self._unsent))
        self.sent_ns = monotonic_ns()
        self._unsent.clear()

    async def _wait_for_arrival(self, timeout: float | None) -> None:
        self._arrival = self._loop.create_future()
        try:
            async with asyncio.timeout(timeout):
                await self._arrival
        except TimeoutError:
            raise httpcore.ReadTimeout(f"no answer within {timeout} s") from None
        finally:
            self._arrival = None

    def _arrive(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for the HTTP library's pool."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, stream = await loop.create_connection(lambda: Stream(loop), host, port)
        except TimeoutError as e:
            raise httpcore.ConnectTimeout(f"{host}:{port} took no connection within {timeout} s") from e
        except OSError as e:
            raise httpcore.ConnectError(str(e)) from e
        return stream

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
