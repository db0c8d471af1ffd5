"""HTTP without sockets: the client's requests become calls of a function."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx
from msgspec import Struct

Headers = Sequence[tuple[str, str]]


class Called(Struct, frozen=True):
    """An answer as it came."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


# Method, path, query, headers (names in lower case), body. It raises `ConnectionRefusedError` where nothing
# was sent, and `ConnectionResetError` where the answer was lost.
Call = Callable[[str, str, str, Headers, bytes], Awaitable[Called]]


class Moments(Struct):
    """When a request left and its answer came, as a socket of ours tells it (monotonic)."""

    sent_ns: int
    received_ns: int = 0


class CalledTransport(httpx.AsyncBaseTransport):
    """A transport for `RestClient`; time-outs are the event loop's.

    Parameters
    ----------
    now_ns
        The monotonic clock of the event loop.
    """

    def __init__(self, call: Call, now_ns: Callable[[], int]) -> None:
        self._call = call
        self._now_ns = now_ns

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        timeout_s = request.extensions["timeout"]["read"]
        moments = Moments(self._now_ns())
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._send(request)
        except TimeoutError:
            raise httpx.ReadTimeout(f"no answer within {timeout_s} s", request=request) from None
        except ConnectionRefusedError as e:
            raise httpx.ConnectError(str(e), request=request) from None
        except ConnectionResetError as e:
            raise httpx.RemoteProtocolError(str(e), request=request) from None
        moments.received_ns = self._now_ns()
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            content=answer.body,
            extensions={"network_stream": moments},
            request=request,
        )

    async def _send(self, request: httpx.Request) -> Called:
        headers = [(name.lower(), value) for name, value in request.headers.multi_items()]
        url = request.url
        query = url.query.decode("latin-1")
        return await self._call(request.method, url.path, query, headers, await request.aread())
