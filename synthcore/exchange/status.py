"""The status socket: tells that maintenance begins, and that it is over."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from msgspec import Struct

from synthcore.exchange.faults.outage import Outage
from synthcore.exchange.ids import Ids
from synthcore.exchange.public import PublicStream
from synthcore.exchange.sessions import Clock, encode

TOPIC = "system.status"
TRADING, FUTURES = 1, 1  # of `serviceTypes` and `product`
KEPT_NOTICES = 20
TEMPORARY, PRODUCTION = 2, 1  # of `maintainType` and `env`


class Notice(Struct, rename="camel"):
    """One maintenance, as it stands."""

    id: str
    title: str
    state: str
    begin: str  # ms
    end: str
    href: str = ""
    service_types: tuple[int, ...] = (TRADING,)
    product: tuple[int, ...] = (FUTURES,)
    uid_suffix: tuple[int, ...] = ()
    maintain_type: int = TEMPORARY
    env: int = PRODUCTION


class StatusStream:
    """Watches the outage that a fault may bring about; a new subscriber hears of the next change."""

    def __init__(self, outage: Outage, ids: Ids, now_ms: Clock, delay_s: Callable[[], float]) -> None:
        self.stream = PublicStream({TOPIC}, lambda topic, now_ms: None, now_ms, delay_s)
        self._outage = outage
        self._ids = ids
        self._current: Notice | None = None
        self.notices: deque[Notice] = deque(maxlen=KEPT_NOTICES)

    def look(self, now_ms: int) -> None:
        """Tell of what has changed since the last look."""
        if self._outage.is_on and self._current is None:
            ends_ms = now_ms + self._outage.left_ms
            self._current = Notice(self._ids.uuid(), "Maintenance", "ongoing", str(now_ms), str(ends_ms))
            self.notices.append(self._current)
            self._tell(self._current, now_ms)
        elif self._current is not None and not self._outage.is_on:
            over, self._current = self._current, None
            over.state, over.end = "completed", str(now_ms)
            self._tell(over, now_ms)

    def _tell(self, notice: Notice, now_ms: int) -> None:
        self.stream.publish(TOPIC, encode({"topic": TOPIC, "ts": now_ms, "data": [notice]}))
