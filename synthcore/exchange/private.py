"""The private WebSocket: sign in, subscribe, and receive what happens to one's own orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from synthcore.exchange.auth import Authenticator
from synthcore.exchange.batch import Event, PrivateMessage
from synthcore.exchange.dcp import TOPICS as DCP_TOPICS
from synthcore.exchange.fast_execution import fast_message
from synthcore.exchange.faults.frames import Change, FrameGate, changed
from synthcore.exchange.faults.trigger import Happening
from synthcore.exchange.refusal import Refusal
from synthcore.exchange.sessions import Clock, Session, Sessions, encode, handler_not_found
from synthcore.venues.bybit.messages import ExecutionMessage, OpRequest

# Topic asked for → the event it carries. The wallet belongs to no category.
TOPICS = {
    "order": "order",
    "order.linear": "order",
    "execution": "execution",
    "execution.linear": "execution",
    "execution.fast": "execution",
    "execution.fast.linear": "execution",
    "position": "position",
    "position.linear": "position",
    "wallet": "wallet",
}
NOT_AUTHORISED = "Request not authorized"  # Bybit's text is not documented


class PrivateSession(Session):
    """One private connection. Until it has signed in it may do nothing else."""

    group: Sessions[PrivateSession]

    def __init__(
        self,
        group: Sessions[PrivateSession],
        conn_id: str,
        now_ms: Clock,
        authenticator: Authenticator,
        delay_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        super().__init__(group, conn_id, now_ms)
        self._delay_s = delay_s
        self.uid: str | None = None
        self._authenticator = authenticator
        self.operations["auth"] = self._auth

    def refusal(self, topic: str) -> str | None:
        if self.uid is None:
            return NOT_AUTHORISED
        return None if topic in TOPICS or topic in DCP_TOPICS else handler_not_found(topic)

    def write_reply(self, request: OpRequest, ret_msg: str, success: bool) -> None:
        """`req_id` comes first here, and only where the client sent one."""
        reply = {"success": success, "ret_msg": ret_msg, "op": request.op, "conn_id": self.conn_id}
        named = {"req_id": request.req_id, **reply} if request.req_id else reply
        self.send(encode(named), self._delay_s())

    def write_pong(self, request: OpRequest) -> None:
        pong = {"op": "pong", "args": [str(self.now_ms())], "conn_id": self.conn_id}
        self.send_json({"req_id": request.req_id, **pong} if request.req_id else pong)

    def _auth(self, request: OpRequest) -> None:
        """A failed sign-in leaves the connection open, without rights."""
        uid = self._authenticator.socket(request.args, self.now_ms())
        if isinstance(uid, Refusal):
            self.write_reply(request, uid.message, success=False)
            return
        self.uid = uid
        self.write_reply(request, "", success=True)


class PrivateStream:
    """Carries the core's events to the connections of the user they belong to.

    Parameters
    ----------
    delay_s
        Draws how long after its event a frame is sent; the frames of a connection keep their order.
    """

    def __init__(
        self, authenticator: Authenticator, now_ms: Clock, delay_s: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.sessions: Sessions[PrivateSession] = Sessions()
        self._authenticator = authenticator
        self._now_ms = now_ms
        self._delay_s = delay_s
        self.gate: FrameGate | None = None  # where frames can be lost on purpose

    def session(self, conn_id: str) -> PrivateSession:
        return PrivateSession(self.sessions, conn_id, self._now_ms, self._authenticator, self._delay_s)

    def users_of(self, topic: str) -> set[str]:
        """Who has a connection with this topic."""
        return {session.uid for session in self.sessions.of(topic) if session.uid is not None}

    def deliver(self, event: Event) -> None:
        """Send one event to all who asked for it, under the topic they asked with."""
        delay_s = self._delay_s()
        if self.gate is None or self.gate.is_open:
            self._deliver(event, delay_s, None)
        elif any(
            session.uid == event.uid for topic in topics_of(event) for session in self.sessions.of(topic)
        ):
            self.gate.pass_on(
                event_happening(event), event.uid, lambda change: self._deliver(event, delay_s, change)
            )

    def _deliver(self, event: Event, delay_s: float, change: Change) -> None:
        for topic in topics_of(event):
            if self.sessions.has(topic):
                self._send(topic, event, delay_s, change)

    def _send(self, topic: str, event: Event, delay_s: float, change: Change) -> None:
        listeners = [session for session in self.sessions.of(topic) if session.uid == event.uid]
        if listeners:
            frame = changed(encode(written(event.message, topic)), change)
            for session in listeners:
                session.send(frame, delay_s)


def topics_of(event: Event) -> Iterator[str]:
    """The topics under which an event is sent."""
    return (topic for topic, kind in TOPICS.items() if kind == event.message.topic)


def event_happening(event: Event) -> Happening:
    """An event's frame as a trigger sees it: with its first row's order, where it has one."""
    row = event.message.data[0] if event.message.data else None
    reduce_only = getattr(row, "reduce_only", None)
    return Happening(
        point="private",
        topic=event.message.topic,
        account=event.uid,
        symbol=getattr(row, "symbol", ""),
        side=getattr(row, "side", ""),
        link=getattr(row, "order_link_id", ""),
        status=getattr(row, "order_status", ""),
        reduce_only=reduce_only if isinstance(reduce_only, bool) else None,
    )


def written(message: PrivateMessage, topic: str) -> object:
    """The message as the topic has it."""
    if isinstance(message, ExecutionMessage) and topic.startswith("execution.fast"):
        return fast_message(message, topic)
    return msgspec.structs.replace(message, topic=topic)
