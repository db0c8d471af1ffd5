"""A time in which the exchange takes no calls."""

from __future__ import annotations

from collections.abc import Callable

from synthcore.exchange.faults.effects import CallEffect


class Outage:
    """What every call of REST and every handshake gets instead, and until when.

    Parameters
    ----------
    now_s
        A monotonic clock.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._until_s: float | None = None
        self._effect: CallEffect | None = None
        self._handshake: int | None = None
        self.tell_begun: Callable[[float], None] = lambda for_s: None

    def begin(self, effect: CallEffect, handshake: int | None, for_s: float) -> None:
        self._effect, self._handshake, self._until_s = effect, handshake, self._now_s() + for_s
        self.tell_begun(for_s)

    def end(self) -> None:
        self._until_s = None

    @property
    def is_on(self) -> bool:
        if self._until_s is not None and self._now_s() >= self._until_s:
            self._until_s = None
        return self._until_s is not None

    @property
    def left_ms(self) -> int:
        """How long it still lasts."""
        return max(0, round((self._until_s - self._now_s()) * 1000)) if self._until_s is not None else 0

    def effects(self) -> list[CallEffect]:
        """What a call suffers now."""
        return [self._effect] if self.is_on and self._effect is not None else []

    def handshake(self) -> int | None:
        """The status that answers a handshake now; None lets it through."""
        return self._handshake if self.is_on else None
