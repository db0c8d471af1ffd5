"""What one connection has asked for, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from synthcore.venues.bybit.public import PublicReply, subscribe_request, unsubscribe_request

ALREADY_SUBSCRIBED = "already subscribed"


class Subscription:
    """The topics of one connection and the answers to our requests for them.

    Pure: every method gives the messages to send. Data may come before the answer, and the answer may
    come late or never, so nothing here waits: only a refusal leads to anything. One bad topic fails its
    whole request, so the topics of a refused request are asked for again one by one.

    Parameters
    ----------
    topics
        What to ask for.
    chunk
        How many topics go into one request.
    """

    def __init__(self, topics: Sequence[str], chunk: int = 50) -> None:
        self.topics = tuple(topics)
        self.accepted: set[str] = set()
        self.refused: dict[str, str] = {}  # topic: the venue's words
        self._chunk = chunk
        self._asked = 0
        self._pending: dict[str, tuple[str, ...]] = {}  # request: topics, oldest first

    @property
    def wanted(self) -> list[str]:
        """The topics that are not refused."""
        return [topic for topic in self.topics if topic not in self.refused]

    @property
    def is_hopeless(self) -> bool:
        """Whether every single topic is refused."""
        return len(self.refused) == len(self.topics)

    def begin(self) -> list[bytes]:
        """Ask for everything on a new link; what was refused before gets another chance."""
        self.accepted.clear()
        self.refused.clear()
        self._pending.clear()
        starts = range(0, len(self.topics), self._chunk)
        return [self._subscribe(self.topics[start : start + self._chunk]) for start in starts]

    def renew(self, topic: str) -> list[bytes]:
        """Ask for a fresh snapshot of one topic: the venue sends one to new subscribers only."""
        self.accepted.discard(topic)
        self._asked += 1
        return [unsubscribe_request(f"u{self._asked}", [topic]), self._subscribe((topic,))]

    def on_reply(self, reply: PublicReply) -> list[bytes]:
        """Take an answer in, and give what to send because of it."""
        topics = self._answered(reply)
        if reply.success:
            self.accepted.update(topics)
            return []
        if len(topics) > 1:
            return [self._subscribe((topic,)) for topic in topics]
        for topic in topics:
            if ALREADY_SUBSCRIBED in reply.ret_msg:
                self.accepted.add(topic)
            else:
                self.refused[topic] = reply.ret_msg
        return []

    def _answered(self, reply: PublicReply) -> tuple[str, ...]:
        if reply.op != "subscribe" or not self._pending:
            return ()
        # Answers come in order: one that doesn't repeat our id belongs to the oldest request.
        request = reply.req_id or next(iter(self._pending))
        return self._pending.pop(request, ())

    def _subscribe(self, topics: tuple[str, ...]) -> bytes:
        self._asked += 1
        request = f"s{self._asked}"
        self._pending[request] = topics
        return subscribe_request(request, topics)
