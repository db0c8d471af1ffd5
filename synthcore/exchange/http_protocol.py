"""uvicorn's HTTP protocol, with the way to its connection: an answer can be lost only there.

Where nothing makes a call wait, it is answered as soon as it is read: no task, no scope, one write.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from synthcore.exchange.rest import Answer, Headers

CONNECTION = "synthcore.connection"  # key of the scope
STRAIGHT_METHODS = (b"GET", b"POST")
STRAIGHT_PATHS = b"/v5/"
FAILED = Answer(500, b"Internal Server Error", [(b"Content-Length", b"21"), (b"Connection", b"close")])


class StraightCall(Struct, frozen=True):
    """One call, read whole."""

    method: str
    path: str
    query: bytes
    headers: Headers
    body: bytes
    client_ip: str


class StraightApp:
    """What an application offers beside ASGI to be asked the short way."""

    def is_straight(self) -> bool:
        """Whether nothing delays, changes or loses calls and answers now."""
        raise NotImplementedError

    def answer(self, call: StraightCall) -> Answer:
        """Carry a call out."""
        raise NotImplementedError

    def answered(self) -> None:
        """The answer is written."""
        raise NotImplementedError


class ExchangeProtocol(HttpToolsProtocol):
    """Answers straight where it can; else hands its transport on to the application."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._app: StraightApp | None = self.app if isinstance(self.app, StraightApp) else None
        self._body: bytes | None = None  # of a call that may be answered straight

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        if self._may_go_straight():
            self._body = b""
        else:
            self._go_the_long_way()

    def on_body(self, body: bytes) -> None:
        if self._body is None:
            super().on_body(body)
        else:
            self._body += body
            if len(self._body) > HIGH_WATER_LIMIT:
                self._go_the_long_way()

    def on_message_complete(self) -> None:
        if self._body is None:
            super().on_message_complete()
        elif self._app is not None and self._app.is_straight():
            self._answer(self._app, self._body)
        else:
            self._go_the_long_way()
            super().on_message_complete()

    def _may_go_straight(self) -> bool:
        """Whether it is a plain call, and none before it on this connection is still to be answered."""
        return (
            self._app is not None
            and self.url.startswith(STRAIGHT_PATHS)
            and b"%" not in self.url
            and self.parser.get_method() in STRAIGHT_METHODS
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and not self.expect_100_continue
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and self._app.is_straight()
        )

    def _answer(self, app: StraightApp, body: bytes) -> None:
        path, _, query = self.url.partition(b"?")
        method, client_ip = self.parser.get_method().decode(), self.client[0] if self.client else ""
        query = query.partition(b"#")[0]
        call = StraightCall(method, path.decode("ascii"), query, self.headers, body, client_ip)
        self._body = None
        try:
            answer = app.answer(call)
            self.transport.write(written(answer, self.server_state.default_headers))
            self.on_response_complete()
        except Exception:  # as uvicorn does
            self.logger.exception("the exchange failed at %s", call.path)
            self.transport.write(written(FAILED, self.server_state.default_headers))
            self.transport.close()
        finally:
            app.answered()

    def _go_the_long_way(self) -> None:
        """Let uvicorn begin the call, with what was read of it."""
        body, self._body = self._body, None
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.headers, self.expect_100_continue = url, headers, expects
        self.scope["headers"] = headers
        self.scope[CONNECTION] = self.transport  # type: ignore[literal-required]
        super().on_headers_complete()
        if body:
            super().on_body(body)


def written(answer: Answer, default_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """An answer as uvicorn writes it: names in lower case, its own headers first."""
    lines = [STATUS_LINE[answer.status]]
    for name, value in (*default_headers, *answer.headers):
        lines += (name.lower(), b": ", value, b"\r\n")
    lines += (b"\r\n", answer.body)
    return b"".join(lines)
