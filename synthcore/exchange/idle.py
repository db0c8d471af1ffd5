"""Which private and trade connections are cut because nothing goes over them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs

from synthcore.exchange.sessions import Session, Sessions

CHECK_EVERY_MS = 30_000
LONGEST_S = 600  # also the default
SHORTEST_S = 30
UNIT_S = {"s": 1, "m": 60}

_DURATION = re.compile(r"(\d{1,4})([sm])")


def read_max_active_s(query: str) -> int:
    """How long a connection may be idle, by its URL's `max_active_time`; 10 minutes by default."""
    given = parse_qs(query).get("max_active_time", [""])[0]
    found = _DURATION.fullmatch(given)
    if found is None:
        return LONGEST_S
    asked_s = int(found[1]) * UNIT_S[found[2]]
    return asked_s if SHORTEST_S <= asked_s <= LONGEST_S else LONGEST_S


class IdleWatch:
    """Cuts connections over which nothing went, in or out, for as long as they asked for.

    It notes what went at each look and cuts at some of them only, as Bybit does, so that a cut may be up
    to 30 s late. WebSocket pings don't count: a client keeps its connection with `{"op":"ping"}`.
    """

    def __init__(self, groups: Sequence[Sessions[Any]]) -> None:
        self._groups = groups
        self._next_cut_ms: int | None = None

    def look(self, now_ms: int) -> None:
        for session in self._sessions():
            if session.was_active:
                session.was_active, session.quiet_since_ms = False, now_ms
        if self._next_cut_ms is None:
            self._next_cut_ms = now_ms + CHECK_EVERY_MS
        elif now_ms >= self._next_cut_ms:
            self._next_cut_ms = now_ms + CHECK_EVERY_MS
            self._cut(now_ms)

    def _cut(self, now_ms: int) -> None:
        for session in self._sessions():
            if now_ms - session.quiet_since_ms >= session.max_active_s * 1000:
                session.close()

    def _sessions(self) -> Iterable[Session]:
        return (session for group in self._groups for session in group)
