"""The HTTP client's transport: its library's pool of connections, over sockets of our own."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from synthcore.orders.network import AsyncioBackend

POOL_ERRORS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError)


class PooledTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1, kept alive, no proxy."""

    def __init__(self, ssl_context: ssl.SSLContext | None, limits: httpx.Limits) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=AsyncioBackend(),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        inner = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with renamed_errors():
            answer = await self._pool.handle_async_request(inner)
        return httpx.Response(
            answer.status, headers=answer.headers, stream=Body(answer.stream), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class Body(httpx.AsyncByteStream):
    """An answer's body, as the client wants it."""

    def __init__(self, parts: Any) -> None:
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with renamed_errors():
            async for part in self._parts:
                yield part

    async def aclose(self) -> None:
        await self._parts.aclose()


@contextmanager
def renamed_errors() -> Iterator[None]:
    """The pool's errors under the client's names, which are the same."""
    try:
        yield
    except POOL_ERRORS as e:
        raise getattr(httpx, type(e).__name__)(str(e)) from e
