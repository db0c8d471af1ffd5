"""How much one address may ask of an exchange, whoever's keys it uses: Bybit's numbers."""

from __future__ import annotations

from collections import defaultdict, deque

CALLS, CALLS_MS = 600, 5000
BANNED_MS = 600_000  # after too many calls; it ends by itself
CONNECTIONS, CONNECTIONS_MS = 500, 300_000
OPEN_MARKET_DATA = 1000  # public connections of one category
MESSAGES, MESSAGES_MS = 3000, 1000  # to the trade socket


class RollingCount:
    """Takes so many in a window of time, and no more."""

    def __init__(self, limit: int, window_ms: int) -> None:
        self._limit = limit
        self._window_ms = window_ms
        self._taken: deque[int] = deque()

    def take(self, now_ms: int) -> bool:
        """Count one more; False where there is no room for it."""
        while self._taken and self._taken[0] <= now_ms - self._window_ms:
            self._taken.popleft()
        has_room = len(self._taken) < self._limit
        if has_room:
            self._taken.append(now_ms)
        return has_room


class IpLimits:
    """Counts what each address does. New connections are counted for all addresses together."""

    def __init__(self) -> None:
        self._calls = defaultdict[str, RollingCount](lambda: RollingCount(CALLS, CALLS_MS))
        self._messages = defaultdict[str, RollingCount](lambda: RollingCount(MESSAGES, MESSAGES_MS))
        self._connections = RollingCount(CONNECTIONS, CONNECTIONS_MS)
        self._banned_until_ms: dict[str, int] = {}

    def call(self, ip: str, now_ms: int) -> bool:
        """Whether an HTTP call is answered; one too many, and none is for a while."""
        if now_ms < self._banned_until_ms.get(ip, 0):
            return False
        if self._calls[ip].take(now_ms):
            return True
        self._banned_until_ms[ip] = now_ms + BANNED_MS
        return False

    def connection(self, open_now: int, now_ms: int) -> bool:
        """Whether a WebSocket handshake succeeds where so many of its category are open."""
        return open_now < OPEN_MARKET_DATA and self._connections.take(now_ms)

    def message(self, ip: str, now_ms: int) -> bool:
        """Whether a message to the trade socket is looked at."""
        return self._messages[ip].take(now_ms)
