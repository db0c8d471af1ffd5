"""What faults can get hold of in one exchange: its sockets, its clock, its views."""

from __future__ import annotations

from typing import Any

from synthcore.exchange.clock import ExchangeClock
from synthcore.exchange.faults.fault import Socket
from synthcore.exchange.orders import Order
from synthcore.exchange.sessions import Sessions
from synthcore.exchange.visibility import Visibility


class Reach:
    """The `World` of a running exchange."""

    def __init__(
        self, sockets: dict[str, Sessions[Any]], clock: ExchangeClock, visibility: Visibility
    ) -> None:
        self._sockets = sockets
        self._clock = clock
        self._visibility = visibility

    def sockets(self, kind: str) -> list[Socket]:
        groups = self._sockets.values() if kind == "all" else [self._sockets[kind]]
        return [session for group in groups for session in group]

    def skew_clock(self, by_ms: float, drift_ppm: float) -> None:
        self._clock.skew(by_ms, drift_ppm)

    def hide(self, order: Order, for_ms: float) -> None:
        self._visibility.hide(order, for_ms / 1000)
