"""The one door of an exchange without sockets: inputs go in, outputs come out, each with its channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, MutableMapping
from functools import partial
from typing import Any

from picows import WSListener, WSUpgradeRequest

from synthcore.exchange.clock import Time
from synthcore.exchange.http_protocol import CONNECTION
from synthcore.exchange.in_process.inputs import (
    AnyInput,
    CallCame,
    CallerLeft,
    FrameCame,
    SocketAsked,
    SocketEnded,
    SocketOpened,
)
from synthcore.exchange.in_process.output import Kind, Output
from synthcore.exchange.in_process.transport import InProcessFrame, InProcessTransport
from synthcore.exchange.rest import Headers
from synthcore.exchange.venue import Venue
from synthcore.venues.bybit.hosts import Environment

logger = logging.getLogger(__name__)

NOT_FOUND, FAILED = 404, 500


class Inlet:
    """Gives inputs to venues, as their servers would, on the event loop on which it was made.

    Parameters
    ----------
    on_output
        Takes everything that the venues let out, in order.
    """

    def __init__(
        self, venues: Mapping[Environment, Venue], time: Time, on_output: Callable[[Output], None]
    ) -> None:
        self._venues = venues
        self._time = time
        self._on_output = on_output
        self._loop = asyncio.get_running_loop()
        self._calls: dict[int, InProcessCall] = {}
        self._sockets: dict[int, InProcessSocket] = {}
        self._running: set[asyncio.Task[None]] = set()

    def take(self, given: AnyInput) -> None:
        """Let one thing in; what it causes at once has come out when this returns, but for a call's."""
        match given:
            case CallCame():
                self._call(given)
            case CallerLeft():
                if given.channel in self._calls:  # its answer may have left meanwhile
                    self._calls[given.channel].leave()
            case SocketAsked():
                self._ask(given)
            case SocketOpened():
                self._sockets[given.channel].open()
            case FrameCame():
                self._sockets[given.channel].receive(given)
            case SocketEnded():
                self._sockets.pop(given.channel).end()

    def _call(self, came: CallCame) -> None:
        call = self._calls[came.channel] = InProcessCall(came, partial(self._emit, came.channel))
        task = self._loop.create_task(self._carry_out(call, came))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _carry_out(self, call: InProcessCall, came: CallCame) -> None:
        try:
            await self._venues[came.flavour].http(call.scope, call.receive, call.send)
        except Exception:  # as uvicorn does
            logger.exception("the exchange failed at %s", came.path)
            call.fail()
        finally:
            del self._calls[came.channel]

    def _ask(self, asked: SocketAsked) -> None:
        request = WSUpgradeRequest()
        request.path = asked.path.encode("latin-1")
        found = self._venues[asked.flavour].session(request)
        emit = partial(self._emit, asked.channel)
        if isinstance(found, WSListener):
            self._sockets[asked.channel] = InProcessSocket(found, emit, self._loop)
            emit("taken")
        else:
            emit("refused", code=NOT_FOUND if found is None else int(found.response.status))

    def _emit(
        self, channel: int, kind: Kind, content: bytes = b"", code: int = 0, headers: Headers | None = None
    ) -> None:
        at_ns = self._time.epoch_ns()
        self._on_output(Output(at_ns, kind, channel, content, code, headers or []))


class InProcessCall:
    """One HTTP call, from the side of its server."""

    def __init__(self, came: CallCame, emit: Callable[..., None]) -> None:
        self.scope = scope_of(came) | {CONNECTION: self}
        self._body: bytes | None = came.body.encode("latin-1")
        self._emit = emit
        self._left = asyncio.Event()
        self._start: MutableMapping[str, Any] = {}

    async def receive(self) -> MutableMapping[str, Any]:
        """The request, once; then, when the caller has left, that."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif not self._left.is_set():
            self._emit("answer", message["body"], self._start["status"], self._start["headers"])

    def fail(self) -> None:
        self._emit("answer", b"Internal Server Error", FAILED, [(b"content-type", b"text/plain")])

    def leave(self) -> None:
        self._left.set()

    def abort(self) -> None:
        """Cut the connection: what a lost answer does."""
        self._emit("lost")
        self._left.set()


def scope_of(came: CallCame) -> dict[str, Any]:
    """The request as ASGI has it, as far as the exchange reads it."""
    return {
        "type": "http",
        "method": came.method,
        "path": came.path,
        "query_string": came.query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in came.headers],
        "client": (came.client, 0),
    }


class InProcessSocket:
    """One WebSocket connection, from the side of its server."""

    def __init__(
        self, session: WSListener, emit: Callable[..., None], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._session = session
        self._loop = loop
        self._transport: Any = InProcessTransport(emit, self._cut)

    def open(self) -> None:
        self._session.on_ws_connected(self._transport)

    def receive(self, came: FrameCame) -> None:
        if self._transport.is_open and self._transport.is_read:
            frame: Any = InProcessFrame(came)
            self._session.on_ws_frame(self._transport, frame)

    def end(self) -> None:
        """The client is gone."""
        if self._transport.is_open:
            self._transport.is_open = False
            self._session.on_ws_disconnected(self._transport)

    def _cut(self) -> None:
        """The exchange has cut it: its session hears of that a moment later, as from a socket."""
        self._loop.call_soon(self._session.on_ws_disconnected, self._transport)
