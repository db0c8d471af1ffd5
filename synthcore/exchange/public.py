"""The public WebSocket: market data of linear perpetuals, a snapshot first and then what comes."""

from __future__ import annotations

from collections.abc import Callable, Collection

from synthcore.exchange.sessions import Clock, Session, Sessions, handler_not_found

SERVED = ("tickers", "orderbook.1", "orderbook.50", "orderbook.200", "publicTrade")

# The frame that a topic begins with (None where nothing was heard of it yet), for a time in epoch ms.
Snapshot = Callable[[str, int], bytes | None]


class PublicSession(Session):
    """One public connection."""

    def __init__(
        self, group: Sessions[PublicSession], conn_id: str, now_ms: Clock, stream: PublicStream
    ) -> None:
        super().__init__(group, conn_id, now_ms)
        self._stream = stream

    def refusal(self, topic: str) -> str | None:
        return None if self._stream.serves(topic) else handler_not_found(topic)

    def on_subscribed(self, topics: list[str]) -> None:
        for topic in topics:
            frame = self._stream.snapshot(topic, self.now_ms())
            if frame is not None:
                self.send(frame)


class PublicStream:
    """Carries the market's frames to whoever asked for their topic.

    Parameters
    ----------
    symbols
        The contracts that are traded here.
    snapshot
        Gives the frame that a late subscriber gets first.
    """

    def __init__(self, symbols: Collection[str], snapshot: Snapshot, now_ms: Clock) -> None:
        self.sessions: Sessions[PublicSession] = Sessions()
        self.snapshot = snapshot
        self._symbols = frozenset(symbols)
        self._now_ms = now_ms

    def session(self, conn_id: str) -> PublicSession:
        return PublicSession(self.sessions, conn_id, self._now_ms, self)

    def serves(self, topic: str) -> bool:
        """Whether the topic is of a served kind and a contract that is traded here."""
        kind, _, symbol = topic.rpartition(".")
        return kind in SERVED and symbol in self._symbols

    def publish(self, topic: str, text: bytes) -> None:
        """Send one frame, written once, to all who have its topic."""
        for session in self.sessions.of(topic):
            session.send(text)
