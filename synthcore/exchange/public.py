"""The public WebSocket: market data of linear perpetuals, a snapshot first and then what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable

from synthcore.exchange.faults.frames import FrameGate, changed
from synthcore.exchange.faults.trigger import Happening
from synthcore.exchange.sessions import Clock, Session, Sessions, handler_not_found
from synthcore.exchange.subscription_limits import too_much
from synthcore.exchange.wire import framed

# The frame that a topic begins with (None where nothing was heard of it yet), for a time in epoch ms.
Snapshot = Callable[[str, int], bytes | None]


TRADED = "linear"  # the category with topics

Audience = tuple["PublicSession", ...]


class PublicSession(Session):
    """One public connection."""

    def __init__(
        self,
        group: Sessions[PublicSession],
        conn_id: str,
        now_ms: Clock,
        topics: Collection[str],
        snapshot: Snapshot,
        category: str,
        delay_s: Callable[[], float],
        before_look: Callable[[], None],
        end_turn: Callable[[], None],
    ) -> None:
        super().__init__(group, conn_id, now_ms, delay_s)
        self.category = category
        self._served = topics
        self._snapshot = snapshot
        self._before_look = before_look
        self._end_turn = end_turn

    def flush(self) -> None:
        """Write what was published in this turn: whatever else is sent goes out after it."""
        if not self.has_waiting:  # else nothing of the turn is for this connection
            self._end_turn()

    def refusal(self, topic: str) -> str | None:
        return None if topic in self._served else handler_not_found(topic)

    def too_much(self, topics: list[str]) -> str | None:
        return too_much(self.category, self.topics, topics)

    def _operate(self, text: bytes) -> None:
        self._before_look()  # who comes now is not told of what was before
        super()._operate(text)

    def on_subscribed(self, topics: list[str]) -> None:
        for topic in topics:
            frame = self._snapshot(topic, self.now_ms())
            if frame is not None:
                self.send(frame)


class PublicStream:
    """Carries the market's frames to whoever asked for their topic.

    A frame is written once for all of them, and a connection gets all frames of one turn of the event loop
    in one write.

    Parameters
    ----------
    topics
        What the market has; anything else is refused.
    snapshot
        Gives the frame that a late subscriber gets first.
    delay_s
        Draws how long an operation of a client takes; frames never wait.
    before_look
        Called before a client is heard: time to do what was put off while nobody looked.
    """

    def __init__(
        self,
        topics: Collection[str],
        snapshot: Snapshot,
        now_ms: Clock,
        delay_s: Callable[[], float] = lambda: 0.0,
        before_look: Callable[[], None] = lambda: None,
    ) -> None:
        self.sessions: Sessions[PublicSession] = Sessions()
        self.gate: FrameGate | None = None  # where frames can be lost on purpose
        self.stamp: Callable[[bytes], bytes] | None = None  # writes the times of a clock that is off
        self.sending_ns: Callable[[], int] | None = None  # the clock of the stamps, where frames bear one
        self._topics = frozenset(topics)
        self._snapshot = snapshot
        self._now_ms = now_ms
        self._delay_s = delay_s
        self._before_look = before_look
        self._symbols: frozenset[str] = frozenset()  # that somebody has a topic of
        self._symbols_at = 0  # how many changes of the sessions they include
        self._turn: list[tuple[Audience, bytes]] = []  # messages that wait for the turn's end, and for whom

    def session(
        self, conn_id: str, category: str = TRADED, kind: type[PublicSession] = PublicSession
    ) -> PublicSession:
        """A new connection; of a category that is not traded here, it finds no topic."""
        topics = self._topics if category == TRADED else frozenset[str]()
        return kind(
            self.sessions,
            conn_id,
            self._now_ms,
            topics,
            self._snapshot,
            category,
            self._delay_s,
            self._before_look,
            self._end_turn,
        )

    def open_count(self, category: str) -> int:
        """How many connections of a category are open."""
        return sum(session.category == category for session in self.sessions)

    def has_any_of(self, symbols: Iterable[str]) -> bool:
        """Whether anybody has a topic of one of these symbols."""
        if self._symbols_at != self.sessions.changes:
            self._symbols = frozenset(topic.rpartition(".")[2] for topic in self.sessions.topics())
            self._symbols_at = self.sessions.changes
        return not self._symbols.isdisjoint(symbols)

    def publish(self, topic: str, text: bytes) -> None:
        """Send one frame, written once, to all who have its topic."""
        if not self.sessions.has(topic):
            return
        if self.stamp is not None:
            text = self.stamp(text)
        if self.gate is None or self.gate.is_open:
            self._send(topic, text)
        else:
            seq = self.gate.seq_of(text)
            happening = Happening(point="public", topic=topic, symbol=topic.rpartition(".")[2], seq=seq)
            self.gate.pass_on(happening, topic, lambda change: self._send(topic, changed(text, change)))

    def _send(self, topic: str, text: bytes) -> None:
        sessions = self.sessions.of(topic)
        if not sessions:
            return
        if self.sending_ns is not None:
            for session in sessions:
                session.send(stamped(text, self.sending_ns()))
            return
        if any([session.has_waiting for session in sessions]):
            for session in sessions:
                self._send_to(session, text)
        else:
            self._post(sessions, framed(text))

    def _send_to(self, session: PublicSession, text: bytes) -> None:
        if session.has_waiting:
            session.send(text)
        else:
            self._post((session,), framed(text))

    def _post(self, audience: Audience, message: bytes) -> None:
        if not self._turn:
            asyncio.get_running_loop().call_soon(self._end_turn)
        self._turn.append((audience, message))

    def _end_turn(self) -> None:
        """Write what was posted, to each connection at once; put together once where all have the same."""
        if not self._turn:
            return
        turn, self._turn = self._turn, []
        audience = turn[0][0]
        if all([one is audience for one, _ in turn]):
            whole = b"".join([message for _, message in turn])
            for session in audience:
                session.write(whole)
            return
        messages: dict[PublicSession, list[bytes]] = {}
        for sessions, message in turn:
            for session in sessions:
                messages.setdefault(session, []).append(message)
        for session, own in messages.items():
            session.write(b"".join(own))


def stamped(text: bytes, now_ns: int) -> bytes:
    """A frame with the time of its writing as its last field; of a fixed width, it is found at once."""
    return b'%b,"sentNs":"%019d"}' % (text[:-1], now_ns)
