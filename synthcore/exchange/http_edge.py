"""The application that the HTTP server calls: reads a request, lets it take its time, writes the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from synthcore.exchange.admin import ADMIN_PATH, Admin
from synthcore.exchange.delays import Delays
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.rest import MAX_BODY_BYTES, Answer, RestApp

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class HttpEdge:
    """An ASGI application around the REST endpoints.

    Parameters
    ----------
    outbox
        Flushed after each answer where nothing is delayed, so that a client reads its acknowledgement
        first; else as soon as the request is carried out, since frames and answers go their own ways.
    """

    def __init__(self, rest: RestApp, admin: Admin, delays: Delays, outbox: Outbox) -> None:
        self._rest = rest
        self._admin = admin
        self._delays = delays
        self._outbox = outbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await read_all(receive)
        if scope["path"].startswith(ADMIN_PATH):
            await write(self._admin.answer(scope, body), send)
        elif self._delays.is_instant:
            try:
                await write(self._carry_out(scope, body), send)
            finally:
                self._outbox.flush()
        else:
            await self._carry_out_in_time(scope, body, send)

    async def _carry_out_in_time(self, scope: Scope, body: bytes, send: Send) -> None:
        await asyncio.sleep(self._delays.entry_s())
        try:
            answer = self._carry_out(scope, body)
        finally:
            self._outbox.flush()
        await asyncio.sleep(self._delays.reply_s())
        await write(answer, send)

    def _carry_out(self, scope: Scope, body: bytes) -> Answer:
        return self._rest.answer(
            scope["method"], scope["path"], scope["query_string"], scope["headers"], body
        )


async def write(answer: Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def read_all(receive: Receive) -> bytes:
    """Read a request's body; what goes beyond the limit is dropped, and refused later."""
    chunks, size = [], 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        if size <= MAX_BODY_BYTES:
            chunks.append(chunk)
            size += len(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)
