"""Cancel on disconnect: whose guarded connections are all gone, and for how long."""

from __future__ import annotations

from collections.abc import Collection, Mapping

PRODUCTS = ("SPOT", "DERIVATIVES", "OPTIONS")
TRADED = "DERIVATIVES"
FUTURES_TOPIC = "dcp.future"
TOPICS = (FUTURES_TOPIC, "dcp.spot", "dcp.option")  # nothing is ever sent on them
DEFAULT_WINDOW_S = 10
SHORTEST_WINDOW_S, LONGEST_WINDOW_S = 3, 300


class DisconnectGuard:
    """The time windows of the users who have it, and the clock of each.

    A user is guarded once a connection of theirs has the topic; the clock starts when the last of these
    connections is gone, and a new one with the topic stops it.
    """

    def __init__(self) -> None:
        self._windows_s: dict[str, dict[str, int]] = {}
        self._connected: set[str] = set()
        self._gone_ms: dict[str, int] = {}

    def allow(self, uid: str) -> None:
        """Let a user have it, as Bybit's staff do for institutions."""
        self._windows_s.setdefault(uid, dict.fromkeys(PRODUCTS, DEFAULT_WINDOW_S))

    def windows_s(self, uid: str) -> Mapping[str, int]:
        """The time window of each product; empty for a user who doesn't have it."""
        return self._windows_s.get(uid, {})

    def set_window(self, uid: str, product: str, window_s: int) -> None:
        self._windows_s[uid][product] = window_s

    def put_back(self, uid: str, windows_s: Mapping[str, int]) -> None:
        self._windows_s[uid] = dict(windows_s)

    def note(self, connected: Collection[str], now_ms: int) -> None:
        """Take it that these users have guarded connections now."""
        for uid in connected:
            self._gone_ms.pop(uid, None)
        for uid in sorted(self._connected.difference(connected)):  # a set's own order differs from run to run
            self._gone_ms[uid] = now_ms
        self._connected = {uid for uid in connected if uid in self._windows_s}

    def over(self, now_ms: int) -> list[str]:
        """Whose time is over, each once."""
        over = [uid for uid, gone_ms in self._gone_ms.items() if now_ms >= gone_ms + self._window_ms(uid)]
        for uid in over:
            del self._gone_ms[uid]
        return over

    def _window_ms(self, uid: str) -> int:
        return self._windows_s[uid][TRADED] * 1000
