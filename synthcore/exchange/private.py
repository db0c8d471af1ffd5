"""The private WebSocket: sign in, subscribe, and receive what happens to one's own orders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec

from synthcore.exchange.auth import Authenticator
from synthcore.exchange.batch import Event, frames_of
from synthcore.exchange.dcp import TOPICS as DCP_TOPICS
from synthcore.exchange.fast_execution import fast_message
from synthcore.exchange.faults.frames import Change, FrameGate, changed
from synthcore.exchange.faults.trigger import Happening
from synthcore.exchange.refusal import Refusal
from synthcore.exchange.sessions import Clock, Session, Sessions, encode, handler_not_found
from synthcore.exchange.turn import Turn
from synthcore.exchange.wire import framed, framed_all
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
TOPICS_OF = {kind: tuple(topic for topic in TOPICS if TOPICS[topic] == kind) for kind in TOPICS.values()}
# Of markets in which nothing is traded here: they are taken, and stay silent.
SILENT_TOPICS = (
    *(f"{kind}.{other}" for kind in ("order", "execution") for other in ("spot", "inverse", "option")),
    *("position.inverse", "position.option", "greeks"),
)
PLAIN_TOPICS = frozenset(
    topic for topic in (*TOPICS, *SILENT_TOPICS) if not topic.startswith("execution.fast")
)
ALL_TOPICS = PLAIN_TOPICS | frozenset([*TOPICS, *DCP_TOPICS])
BY_CATEGORY = frozenset(
    topic
    for topic in (*TOPICS, *SILENT_TOPICS)
    if topic.endswith((".linear", ".spot", ".inverse", ".option"))
)
ALL_IN_ONE = frozenset(TOPICS_OF) - {"wallet"} | {"execution.fast"}
MIXED = "error:topics of all categories and of one can't be in one request"  # its text is not documented
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
        delay_s: Callable[[], float],
        topics: Collection[str],
    ) -> None:
        super().__init__(group, conn_id, now_ms, delay_s)
        self._served = topics
        self.uid: str | None = None
        self._authenticator = authenticator
        self.operations["auth"] = self._auth

    def refusal(self, topic: str) -> str | None:
        if self.uid is None:
            return NOT_AUTHORISED
        return None if topic in self._served else handler_not_found(topic)

    def too_much(self, topics: list[str]) -> str | None:
        return None if BY_CATEGORY.isdisjoint(topics) or ALL_IN_ONE.isdisjoint(topics) else MIXED

    def write_reply(self, request: OpRequest, ret_msg: str, success: bool) -> None:
        """`req_id` comes first here, and only where the client sent one."""
        reply = {"success": success, "ret_msg": ret_msg, "op": request.op, "conn_id": self.conn_id}
        self.send_json({"req_id": request.req_id, **reply} if request.req_id else reply)

    def write_pong(self, request: OpRequest) -> None:
        pong = {"op": "pong", "args": [str(self.now_ms())], "conn_id": self.conn_id}
        self.send_json({"req_id": request.req_id, **pong} if request.req_id else pong)

    def _auth(self, request: OpRequest) -> None:
        """A failed sign-in leaves the connection open, without rights."""
        key = self._authenticator.socket(request.args, self.now_ms(), self.client_ip)
        if isinstance(key, Refusal):
            self.write_reply(request, key.message, success=False)
            return
        self.uid = key.uid
        self.group.changes += 1
        self.group.tell_changed(self.topics)
        self.write_reply(request, "", success=True)


Listeners = tuple[tuple[str, list[PrivateSession]], ...]  # topic asked with, who
Hearer = tuple[PrivateSession, frozenset[str]] | None  # who alone hears of a user, and of what


class PrivateStream:
    """Carries the core's events to the connections of the user they belong to.

    Parameters
    ----------
    delay_s
        Draws how long after its event a frame is sent; the frames of a connection keep their order.
    frames_wait
        Whether it draws anything but 0 now.
    topics
        What may be subscribed to.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        now_ms: Clock,
        turn: Turn,
        delay_s: Callable[[], float] = lambda: 0.0,
        frames_wait: Callable[[], bool] = lambda: True,
        topics: Collection[str] = ALL_TOPICS,
    ) -> None:
        self.sessions: Sessions[PrivateSession] = Sessions()
        self._authenticator = authenticator
        self._now_ms = now_ms
        self._turn = turn
        self._delay_s = delay_s
        self._frames_wait = frames_wait
        self._topics = topics
        self.gate: FrameGate | None = None  # where frames can be lost on purpose
        self._posted: dict[PrivateSession, None] = {}  # who has frames that wait for the act's end
        self._known: dict[tuple[str, str], Listeners] = {}  # by user and kind of event
        self._hearers: dict[str, Hearer] = {}  # by user
        self._known_at = -1  # how many changes of the sessions it knows

    def session(self, conn_id: str) -> PrivateSession:
        return PrivateSession(
            self.sessions, conn_id, self._now_ms, self._authenticator, self._delay_s, self._topics
        )

    def users_of(self, topic: str) -> set[str]:
        """Who has a connection with this topic."""
        return {session.uid for session in self.sessions.of(topic) if session.uid is not None}

    def deliver(self, events: Iterable[Event]) -> None:
        """Send events to all who asked for them, under the topic they asked with.

        Where nothing waits, they go out with the other events of their act: see `flush`.
        """
        gate = self.gate if self.gate is not None and not self.gate.is_open else None
        self._forget_changed()
        events = list(events)
        if events and gate is None and not self._frames_wait() and self._post_together(events):
            return
        for event in events:
            delay_s = self._delay_s()
            listeners = self._known.get((event.uid, event.topic))
            if listeners is None:
                listeners = self._listeners(event)
            if not listeners:
                continue
            if gate is None or gate.is_open:
                for topic, sessions in listeners:
                    frame = event.frame if topic == event.topic else frame_of(event, topic)
                    if frame is not None:
                        self._post(frame, sessions, delay_s)
            else:
                self._pass_gate(gate, event, delay_s)

    def _post_together(self, events: list[Event]) -> bool:
        """Post the events of an act at once, as a rule to one connection; False where that doesn't do."""
        uid = events[0].uid
        if uid not in self._hearers:
            self._hearers[uid] = self._only_hearer(uid)
        hearer = self._hearers[uid]
        if hearer is None:
            return False
        session, topics = hearer
        frames = frames_of(events, uid, topics)
        if frames is None or (frames and not session.post(framed_all(frames))):
            return False
        if frames:
            self._posted[session] = None
        return True

    def _only_hearer(self, uid: str) -> Hearer:
        """Who alone hears of a user, under the events' own topics; None: more or others have to be told."""
        sessions = [session for session in self.sessions if session.uid == uid]
        if len(sessions) != 1:
            return None
        asked = [topic for topic in sessions[0].topics if topic in TOPICS]
        return (sessions[0], frozenset(asked)) if all(TOPICS[topic] == topic for topic in asked) else None

    def flush(self) -> None:
        """Write what was delivered: the frames of an act share a write, and so do acts that came together."""
        posted, self._posted = self._posted, {}
        for session in posted:
            self._turn.flush(session)

    def _listeners(self, event: Event) -> Listeners:
        """Who asked for an event, by the topic they asked with."""
        self._forget_changed()
        key = event.uid, event.topic
        listeners = self._known.get(key)
        if listeners is None:
            listeners = self._known[key] = tuple(self._asked(*key))
        return listeners

    def _forget_changed(self) -> None:
        """Look up anew who hears what, where it has changed."""
        if self._known_at != self.sessions.changes:
            self._known, self._hearers, self._known_at = {}, {}, self.sessions.changes

    def _asked(self, uid: str, kind: str) -> Iterator[tuple[str, list[PrivateSession]]]:
        for topic in TOPICS_OF[kind]:
            sessions = [session for session in self.sessions.of(topic) if session.uid == uid]
            if sessions:
                yield topic, sessions

    def _post(self, frame: bytes, sessions: list[PrivateSession], delay_s: float) -> None:
        message = framed(frame)
        for session in sessions:
            if not delay_s and session.post(message):
                self._posted[session] = None
            else:
                session.send(frame, delay_s)

    def _pass_gate(self, gate: FrameGate, event: Event, delay_s: float) -> None:
        gate.pass_on(event_happening(event), event.uid, lambda change: self._deliver(event, delay_s, change))

    def _deliver(self, event: Event, delay_s: float, change: Change) -> None:
        """Send one event on its own, perhaps late or changed."""
        for topic, sessions in self._listeners(event):
            frame = frame_of(event, topic)
            if frame is None:
                continue
            for session in sessions:
                session.send(changed(frame, change), delay_s)


def event_happening(event: Event) -> Happening:
    """An event's frame as a trigger sees it: with its first row's order, where it has one."""
    row = event.message.data[0] if event.message.data else None
    reduce_only = getattr(row, "reduce_only", None)
    return Happening(
        point="private",
        topic=event.topic,
        account=event.uid,
        symbol=getattr(row, "symbol", ""),
        side=getattr(row, "side", ""),
        link=getattr(row, "order_link_id", ""),
        status=getattr(row, "order_status", ""),
        reduce_only=reduce_only if isinstance(reduce_only, bool) else None,
    )


def frame_of(event: Event, topic: str) -> bytes | None:
    """An event as the topic has it; None where it has nothing of it."""
    if topic == event.topic:
        return event.frame
    if topic.startswith("execution.fast"):
        message = event.message
        assert isinstance(message, ExecutionMessage)
        fast = fast_message(message, topic)
        return encode(fast) if fast.data else None
    return encode(msgspec.structs.replace(event.message, topic=topic))
