"""The HTTP client's transport: its library's connections, over sockets of our own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from synthcore.orders.network import AsyncioBackend

POOL_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)

Lane = httpcore.AsyncConnectionPool


class LaneTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1, kept alive, no proxy.

    Each connection has a pool of its own, a lane: in one pool for all, the library compares every idle
    connection with every other on each request. The lane that was free last is the next one taken.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None, connections: int, keepalive_s: float) -> None:
        backend = AsyncioBackend()
        self._lanes = [
            Lane(ssl_context, max_connections=1, keepalive_expiry=keepalive_s, network_backend=backend)
            for _ in range(connections)
        ]
        self._free: asyncio.LifoQueue[Lane] = asyncio.LifoQueue()
        for lane in self._lanes:
            self._free.put_nowait(lane)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        lane = await self._free_lane(request.extensions["timeout"]["pool"])
        try:
            with renamed_errors():
                answer = await lane.handle_async_request(inner(request))
        except BaseException:
            self._free.put_nowait(lane)
            raise
        body = Body(answer.stream, lambda: self._free.put_nowait(lane))
        return httpx.Response(
            answer.status, headers=answer.headers, stream=body, extensions=answer.extensions
        )

    async def aclose(self) -> None:
        for lane in self._lanes:
            await lane.aclose()

    async def _free_lane(self, timeout_s: float | None) -> Lane:
        try:
            return self._free.get_nowait()
        except asyncio.QueueEmpty:
            pass
        try:
            async with asyncio.timeout(timeout_s):
                return await self._free.get()
        except TimeoutError:
            raise httpx.PoolTimeout(
                f"no connection of {len(self._lanes)} was free in {timeout_s} s"
            ) from None


class Body(httpx.AsyncByteStream):
    """An answer's body, as the client wants it; its lane is free again when it is closed, or broken."""

    def __init__(self, parts: Any, release: Callable[[], None]) -> None:
        self._parts = parts
        self._release = release
        self._is_open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            with renamed_errors():
                async for part in self._parts:
                    yield part
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        if self._is_open:
            self._is_open = False
            try:
                await self._parts.aclose()
            finally:
                self._release()


def inner(request: httpx.Request) -> httpcore.Request:
    """The client's request in its library's own terms."""
    url = request.url
    return httpcore.Request(
        request.method,
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


@contextmanager
def renamed_errors() -> Iterator[None]:
    """The library's inner errors under the client's names, which are the same."""
    try:
        yield
    except POOL_ERRORS as e:
        raise getattr(httpx, type(e).__name__)(str(e)) from e
