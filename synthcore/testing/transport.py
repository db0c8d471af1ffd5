"""httpx on an exchange in this process: give it to `httpx.AsyncClient(transport=…)`."""

from __future__ import annotations

import asyncio

import httpx

from synthcore.exchange.in_process.exchange import AnswerLost, InProcessExchange


class InProcessTransport(httpx.AsyncBaseTransport):
    """Carries requests to an exchange without sockets; its event loop's time is the one that passes."""

    def __init__(self, exchange: InProcessExchange) -> None:
        self._exchange = exchange

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        headers = [(name.lower(), value) for name, value in request.headers.multi_items()]
        url = request.url
        timeout_s = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._exchange.call(
                    request.method, url.path, url.query.decode("latin-1"), headers, body
                )
        except TimeoutError:
            raise httpx.ReadTimeout(f"no answer within {timeout_s} s", request=request) from None
        except AnswerLost:
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            ) from None
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body, request=request)
