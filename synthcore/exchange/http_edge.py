"""The application that the HTTP server calls: reads a request, lets it take its time, writes the answer.

Faults strike here at two points: `request`, before anything has looked at the call, and `reply`, when it
has taken effect and nothing of its answer is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Literal

from synthcore.exchange.control.door import ControlDoor
from synthcore.exchange.cors import is_preflight, preflight, readable
from synthcore.exchange.delays import Delays
from synthcore.exchange.faults.calls import call_happening
from synthcore.exchange.faults.effects import CallEffect, Refuse, Reply, Silence, Wait
from synthcore.exchange.faults.engine import FaultEngine
from synthcore.exchange.faults.outage import Outage
from synthcore.exchange.http_protocol import CONNECTION, StraightApp, StraightCall
from synthcore.exchange.outbox import Outbox
from synthcore.exchange.reset import close_by_reset
from synthcore.exchange.rest import MAX_BODY_BYTES, Answer, RestApp

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Lost(Exception):
    """The call gets no answer: its connection is cut."""

    def __init__(self, *, resets: bool) -> None:
        super().__init__()
        self.resets = resets


class HttpEdge(StraightApp):
    """An ASGI application around the REST endpoints.

    Parameters
    ----------
    outbox
        Flushed after each answer where nothing is delayed, so that a client reads its acknowledgement
        first; else as soon as the request is carried out, since frames and answers go their own ways.
    """

    def __init__(
        self,
        rest: RestApp,
        control: ControlDoor,
        delays: Delays,
        faults: FaultEngine,
        outbox: Outbox,
        outage: Outage,
    ) -> None:
        self._rest = rest
        self._control = control
        self._delays = delays
        self._faults = faults
        self._outbox = outbox
        self._outage = outage
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Let go of the connections that hang: the exchange is going away."""
        self._ending.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await read_all(receive)
        if self._control.serves(scope):
            await write(self._control.answer(scope, body), send)
        elif is_preflight(scope["method"], scope["headers"]):
            await write(preflight(scope["headers"]), send)
        elif self.is_straight():
            try:
                await write(readable(self._carry_out(scope, body), scope["headers"]), send)
            finally:
                self._outbox.flush()
        else:
            await self._carry_out_in_time(scope, body, receive, send)

    def is_straight(self) -> bool:
        return (
            self._delays.is_instant
            and not self._faults.watches("request", "reply")
            and not self._outage.is_on
        )

    def answer(self, call: StraightCall) -> Answer:
        answer = self._rest.answer(
            call.method, call.path, call.query, call.headers, call.body, call.client_ip
        )
        return readable(answer, call.headers)

    def answered(self) -> None:
        self._outbox.flush()

    async def _carry_out_in_time(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self._delays.entry_s())
        try:
            struck = self._strikes("request", scope, body)
            answer = await self._suffer(struck + self._outage.effects(), receive)
            if answer is None:
                answer = await self._carried_out(scope, body, receive)
            await asyncio.sleep(self._delays.reply_s())
            await write(readable(answer, scope["headers"]), send)
        except Lost as lost:
            await cut(scope, receive, resets=lost.resets)
        finally:
            self._outbox.flush()

    async def _carried_out(self, scope: Scope, body: bytes, receive: Receive) -> Answer:
        """Carry a call out; its answer, or what a fault makes of it."""
        answer = self._carry_out(scope, body)
        effects = self._strikes("reply", scope, body, answer)
        if effects or not self._delays.is_instant:
            self._outbox.flush()  # its events don't wait for an answer that may never come
        return await self._suffer(effects, receive) or answer

    def _strikes(
        self, point: Literal["request", "reply"], scope: Scope, body: bytes, answer: Answer | None = None
    ) -> list[CallEffect]:
        if not self._faults.watches(point):
            return []
        text = answer.body if answer is not None else None
        account = self._rest.caller(scope["headers"])
        return self._faults.call(
            call_happening(point, scope["path"], scope["query_string"], body, text, account)
        )

    async def _suffer(self, effects: list[CallEffect], receive: Receive) -> Answer | None:
        """Carry out what faults do to a call; gives another answer where there is one."""
        answer = None
        for effect in effects:
            match effect:
                case Wait():
                    await asyncio.sleep(effect.ms / 1000)
                case Refuse():
                    answer = self._rest.refused(effect.refusal, effect.retry_after_ms)
                case Reply():
                    length = (b"Content-Length", b"%d" % len(effect.body))
                    headers = [(b"Content-Type", effect.content_type), length]
                    answer = Answer(effect.status, effect.body, headers)
                case Silence():
                    await self._hang(receive, effect.ms)
                    raise Lost(resets=effect.resets)
        return answer

    async def _hang(self, receive: Receive, ms: float | None) -> None:
        """Say nothing until the time is over, the client has left, or the exchange ends."""
        if ms == 0:
            return
        waits = [asyncio.ensure_future(receive()), asyncio.ensure_future(self._ending.wait())]
        timeout_s = None if ms is None else ms / 1000
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _carry_out(self, scope: Scope, body: bytes) -> Answer:
        return self._rest.answer(
            scope["method"],
            scope["path"],
            scope["query_string"],
            scope["headers"],
            body,
            ip_of(scope),
        )


def ip_of(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


async def cut(scope: Scope, receive: Receive, *, resets: bool = False) -> None:
    """Break the connection, and wait until the server knows: it would answer for us otherwise."""
    if resets:
        close_by_reset(scope[CONNECTION])
    scope[CONNECTION].abort()
    await receive()


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
