"""When pushes are due, by the period of their topics."""

from __future__ import annotations

NEVER_MS = 1 << 60


class Slots:
    """Pushes that were asked for, by topic."""

    def __init__(self) -> None:
        self.next_ms = NEVER_MS  # when the next one is due
        self._due_ms: dict[str, int] = {}
        self._pushed_ms: dict[str, int] = {}

    def ask(self, topic: str, now_ms: int, period_ms: int) -> None:
        """Push at once, but not within a period of the push before."""
        self._ask(topic, max(now_ms, self._pushed_ms.get(topic, 0) + period_ms))

    def gather(self, topic: str, now_ms: int, period_ms: int) -> None:
        """Push at the end of the period, with what comes until then."""
        self._ask(topic, (now_ms // period_ms + 1) * period_ms)

    def _ask(self, topic: str, due_ms: int) -> None:
        if topic not in self._due_ms:
            self._due_ms[topic] = due_ms
            self.next_ms = min(self.next_ms, due_ms)

    def take_due(self, now_ms: int) -> list[str]:
        """Topics whose push is due, in the order in which they were asked for; it is taken as done."""
        if now_ms < self.next_ms:
            return []
        due = [topic for topic, due_ms in self._due_ms.items() if due_ms <= now_ms]
        for topic in due:
            del self._due_ms[topic]
            self._pushed_ms[topic] = now_ms
        self.next_ms = min(self._due_ms.values(), default=NEVER_MS)
        return due

    def is_asked(self, topic: str) -> bool:
        return topic in self._due_ms
