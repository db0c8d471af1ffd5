"""One WebSocket connection of a client: control messages in, replies in Bybit's shapes out.

The public and the private socket share this file and differ in three things, which a subclass gives:
which topics it knows (`refusal`), what happens when topics come and go (`on_subscribed`,
`on_unsubscribed`), and the shape of its replies (`write_reply`, `write_pong`)::

    class PublicSession(Session):
        def refusal(self, topic: str) -> str | None:
            return None if topic in self.market else handler_not_found(topic)

        def on_subscribed(self, topics: list[str]) -> None:
            for topic in topics:
                self.send(self.market.snapshot(topic))

A `Sessions` group holds the open connections of one path; the server makes a session for each upgrade
and the group fans out: ``for session in sessions.of(topic): session.send(frame)``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from typing import Any, Generic, TypeVar

import msgspec
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from synthcore.exchange.line import Line
from synthcore.exchange.reset import close_by_reset
from synthcore.venues.bybit.messages import OpRequest

logger = logging.getLogger(__name__)

Clock = Callable[[], int]  # epoch ms

CLOSE = WSMsgType.CLOSE
OF_MESSAGES = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION)

# A client that lets this much pile up unread is cut: the exchange must not run out of memory for it.
MAX_UNSENT_BYTES = 16 * 1024 * 1024

encode = msgspec.json.Encoder().encode


class Received(OpRequest, kw_only=True):
    """A control message as it comes in: Bybit takes a number for a request id, too."""

    req_id: str | int | None = None  # type: ignore[assignment]


_decode_request = msgspec.json.Decoder(Received).decode


def handler_not_found(topic: str) -> str:
    """Bybit's text for a topic that the socket does not serve: name, symbol or depth."""
    return f"error:handler not found,topic:{topic}"


def already_subscribed(topic: str) -> str:
    """Bybit's text for a topic that this connection has already."""
    return f"error:already subscribed,topic:{topic}"


INVALID_OP = "error:invalid op"


class Session(WSListener):
    """A connection: answers `subscribe`, `unsubscribe` and `ping`; a subclass may add operations.

    Parameters
    ----------
    group
        Where the session registers itself while it is connected.
    conn_id
        The id that every reply carries.
    now_ms
        The exchange's clock.
    delay_s
        Draws how long after its arrival an operation is carried out and answered.
    """

    def __init__(
        self, group: Sessions[Any], conn_id: str, now_ms: Clock, delay_s: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.group = group
        self.conn_id = conn_id
        self.now_ms = now_ms
        self._delay_s = delay_s
        self.topics: dict[str, None] = {}  # in order of subscription
        self.operations: dict[str, Callable[[OpRequest], None]] = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "ping": self._ping,
        }
        self.was_active = True  # since somebody looked: a message went in or out
        self.quiet_since_ms = now_ms()  # when that look was
        self.max_active_s = 0  # how long it may be quiet; 0 where nobody looks
        self._transport: WSTransport | None = None
        self._fragments: list[bytes] = []
        self.has_waiting = False  # messages wait, or would, so that the next one can't be written at once
        self._writing_paused = False
        self._is_silent = False
        self._lag_s = 0.0
        self._turn: list[bytes] = []  # posted frames that share the next write
        self._line: Line | None = None  # frames that wait; made when the first one has to
        self._asked: Line | None = None  # operations that wait, likewise

    # What a subclass gives

    def refusal(self, topic: str) -> str | None:
        """Why this connection may not have `topic` (Bybit's `ret_msg`), or None."""
        raise NotImplementedError

    def too_much(self, topics: list[str]) -> str | None:
        """Why these are too many topics for one request or connection, or None."""
        return None

    def on_subscribed(self, topics: list[str]) -> None:
        """Topics were added; the reply is already written."""

    def on_unsubscribed(self, topics: list[str]) -> None:
        """Topics were removed; the reply is already written."""

    def write_reply(self, request: OpRequest, ret_msg: str, success: bool) -> None:
        """Write the reply of an operation: the linear public shape unless a subclass has another."""
        self.send_json(
            {
                "success": success,
                "ret_msg": ret_msg,
                "conn_id": self.conn_id,
                "req_id": request.req_id or "",
                "op": request.op,
            }
        )

    def write_pong(self, request: OpRequest) -> None:
        """Write the reply of a ping."""
        self.write_reply(request, "pong", success=True)

    # Out

    def send(self, frame: bytes, delay_s: float = 0.0) -> None:
        """Send one text message, after those before it; a connection that is going away swallows it."""
        self.flush()
        delay_s += self._lag_s
        if delay_s > 0 and self._line is None:
            self._line, self.has_waiting = Line(self._write), True
        if self._line is None:
            self._write(frame)
        else:
            self._line.put(frame, delay_s)

    def post(self, framed: bytes) -> bool:
        """Send messages, written by `wire.framed`, in one write with the others of this turn.

        Whoever posts calls `flush` when the turn ends; whatever else is sent goes out after it.
        Where something waits, nothing is posted: False.
        """
        if self.has_waiting:
            return False
        self._turn.append(framed)
        return True

    def flush(self) -> None:
        """Write what was posted."""
        if not self._turn:
            return
        turn, self._turn = self._turn, []
        self.write(b"".join(turn))

    def write(self, framed: bytes) -> None:
        """Write messages that `wire.framed` wrote, before whatever waits."""
        transport = self._ready_transport()
        if transport is not None:
            transport.underlying_transport.write(framed)

    def _write(self, frame: bytes) -> None:
        transport = self._ready_transport()
        if transport is not None:
            transport.send(WSMsgType.TEXT, frame)

    def _ready_transport(self) -> WSTransport | None:
        """The transport, unless it is gone, or stays silent, or must be cut for not reading."""
        transport = self._transport
        if transport is None or self._is_silent:
            return None
        if self._writing_paused and self._is_too_slow(transport):
            self._drop(transport)
            return None
        self.was_active = True
        return transport

    def send_json(self, message: object) -> None:
        self.send(encode(message))

    def close(self, code: WSCloseCode = WSCloseCode.OK) -> None:
        """Say goodbye and hang up."""
        self.flush()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.send_close(code)
            transport.disconnect()

    @property
    def client_ip(self) -> str:
        """Where the client is; empty where nobody knows."""
        transport = self._transport
        peer = transport.underlying_transport.get_extra_info("peername") if transport is not None else None
        return str(peer[0]) if peer else ""

    # What a fault does to a connection

    def cut(self, *, resets: bool = False) -> None:
        """Break the connection without a word."""
        transport, self._transport = self._transport, None
        if transport is not None:
            if resets:
                close_by_reset(transport.underlying_transport)
            transport.disconnect(graceful=False)

    def fall_silent(self) -> None:
        """Read and write nothing any more; the connection stays, and the peer isn't told."""
        self._is_silent = True
        if self._transport is not None:
            self._transport.underlying_transport.pause_reading()

    def slow_down(self, by_s: float) -> None:
        """Send everything later from now on."""
        self.flush()
        self._lag_s = by_s
        self.has_waiting = by_s > 0 or self._line is not None

    def say_goodbye(self, code: int, reason: str) -> None:
        """Close with a code of one's choice."""
        self.flush()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.send_close(code, reason.encode())  # type: ignore[arg-type]  # any number will do
            transport.disconnect()

    def _drop(self, transport: WSTransport) -> None:
        """Cut a client that doesn't read: what waits for it is thrown away, there is no goodbye."""
        self._transport = None
        logger.warning(
            "a client may leave at most %d bytes unread, connection %s has more: cut",
            MAX_UNSENT_BYTES,
            self.conn_id,
        )
        transport.disconnect(graceful=False)

    @staticmethod
    def _is_too_slow(transport: WSTransport) -> bool:
        return transport.underlying_transport.get_write_buffer_size() > MAX_UNSENT_BYTES

    # In

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self.group.add(self)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._transport = None
        self.group.remove(self)

    def pause_writing(self) -> None:
        self._writing_paused = True

    def resume_writing(self) -> None:
        self._writing_paused = False

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == CLOSE:
            self._transport = None
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type in OF_MESSAGES:
            self.was_active = True
            if frame.fin and not self._fragments:
                self.on_text(frame.get_payload_as_bytes())
                return
            self._fragments.append(frame.get_payload_as_bytes())
            if frame.fin:
                text, self._fragments = b"".join(self._fragments), []
                self.on_text(text)

    def on_text(self, text: bytes) -> None:
        """Let one control message take its time, and carry it out after those in front of it.

        What is asked waits, and not the answer: frames of topics that the client has don't wait with it.
        """
        delay_s = self._delay_s()
        if delay_s > 0 and self._asked is None:
            self._asked = Line(self._operate)
        if self._asked is None:
            self._operate(text)
        else:
            self._asked.put(text, delay_s)

    def _operate(self, text: bytes) -> None:
        """Carry out one control message; whatever it says, the connection survives."""
        if self._transport is None:
            return  # gone while it waited
        try:
            request = _decode_request(text)
            if isinstance(request.req_id, int):
                request.req_id = str(request.req_id)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.write_reply(OpRequest(op=""), INVALID_OP, success=False)
            return
        operation = self.operations.get(request.op)
        if operation is None:
            self.write_reply(request, INVALID_OP, success=False)
        else:
            operation(request)

    # Operations

    def _ping(self, request: OpRequest) -> None:
        self.write_pong(request)

    def _subscribe(self, request: OpRequest) -> None:
        """Take all topics of a request, or none: the first bad one names the reason."""
        topics = [str(topic) for topic in request.args or ()]
        too_much = self.too_much(topics)
        if too_much is not None:
            self.write_reply(request, too_much, success=False)
            return
        taken = set(self.topics)
        for topic in topics:
            reason = already_subscribed(topic) if topic in taken else self.refusal(topic)
            if reason is not None:
                self.write_reply(request, reason, success=False)
                return
            taken.add(topic)
        self.group.subscribe(self, topics)
        self.write_reply(request, "", success=True)
        self.on_subscribed(topics)
        self.group.tell_subscribed(topics)

    def _unsubscribe(self, request: OpRequest) -> None:
        """Drop the topics that the connection has; others are passed over."""
        topics = [topic for topic in map(str, request.args or ()) if topic in self.topics]
        self.group.unsubscribe(self, topics)
        self.write_reply(request, "", success=True)
        self.on_unsubscribed(topics)


AnySession = TypeVar("AnySession", bound=Session)


class Sessions(Generic[AnySession]):
    """The open connections of one path, and who has which topic."""

    def __init__(self) -> None:
        self._open: dict[AnySession, None] = {}
        self._by_topic: dict[str, dict[AnySession, None]] = {}
        self._audiences: dict[str, tuple[AnySession, ...]] = {}  # what `of` has given since the last change
        self._equals: dict[tuple[AnySession, ...], tuple[AnySession, ...]] = {}  # which stands for its equals
        self.changes = 0  # of who has what, so far
        self.tell_opened: Callable[[], None] = lambda: None
        self.tell_subscribed: Callable[[list[str]], None] = lambda topics: None
        self.tell_changed: Callable[[Collection[str]], None] = lambda topics: None  # who has these topics

    def __iter__(self) -> Iterator[AnySession]:
        return iter(tuple(self._open))

    def __len__(self) -> int:
        return len(self._open)

    def of(self, topic: str) -> tuple[AnySession, ...]:
        """The sessions subscribed to `topic`, in order of subscription; safe against changes meanwhile.

        Topics that the same sessions have in the same order give the same object.
        """
        audience = self._audiences.get(topic)
        if audience is None:
            audience = tuple(self._by_topic.get(topic, ()))
            audience = self._audiences[topic] = self._equals.setdefault(audience, audience)
        return audience

    def has(self, topic: str) -> bool:
        """Whether anybody is subscribed to `topic`."""
        return topic in self._by_topic

    def topics(self) -> list[str]:
        """Those that anybody is subscribed to."""
        return list(self._by_topic)

    def add(self, session: AnySession) -> None:
        self._open[session] = None
        self.tell_opened()

    def remove(self, session: AnySession) -> None:
        self._open.pop(session, None)
        self.unsubscribe(session, list(session.topics))

    def subscribe(self, session: AnySession, topics: Collection[str]) -> None:
        self._note_change()
        for topic in topics:
            session.topics[topic] = None
            self._by_topic.setdefault(topic, {})[session] = None
        self.tell_changed(topics)

    def unsubscribe(self, session: AnySession, topics: Collection[str]) -> None:
        self._note_change()
        for topic in topics:
            session.topics.pop(topic, None)
            subscribers = self._by_topic.get(topic, {})
            subscribers.pop(session, None)
            if not subscribers:
                self._by_topic.pop(topic, None)
        self.tell_changed(topics)

    def _note_change(self) -> None:
        self.changes += 1
        self._audiences.clear()
        self._equals.clear()

    def close(self) -> None:
        """Hang up on everybody: the exchange is going away."""
        for session in self:
            session.close(WSCloseCode.GOING_AWAY)
