"""What faults can get hold of in one exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from synthcore.exchange.clock import ExchangeClock
from synthcore.exchange.faults.effects import CallEffect
from synthcore.exchange.faults.fault import Socket
from synthcore.exchange.faults.outage import Outage
from synthcore.exchange.faults.stamps import shifted
from synthcore.exchange.faults.tcp_front import RIGHT, TcpLines
from synthcore.exchange.orders import Order
from synthcore.exchange.public import PublicStream
from synthcore.exchange.sessions import Sessions
from synthcore.exchange.visibility import Visibility


class Reach:
    """The `World` of a running exchange.

    Parameters
    ----------
    sockets
        Its connections by kind.
    liquidate
        Liquidates one account, or all of them (an empty user id), as an act of its own.
    lines
        The wires, where the exchange listens behind a front.
    """

    def __init__(
        self,
        sockets: dict[str, Sessions[Any]],
        clock: ExchangeClock,
        public: PublicStream,
        visibility: Visibility,
        liquidate: Callable[[str], None],
        lines: TcpLines | None,
    ) -> None:
        self.outage = Outage(clock.source.monotonic_s)
        self._sockets = sockets
        self._clock = clock
        self._public = public
        self._visibility = visibility
        self._liquidate = liquidate
        self._lines = lines
        self.market_right: Callable[[], None] = lambda: None  # undoes what was done to the market

    def sockets(self, kind: str) -> list[Socket]:
        groups = self._sockets.values() if kind == "all" else [self._sockets[kind]]
        return [session for group in groups for session in group]

    def skew_clock(self, by_ms: float, drift_ppm: float) -> None:
        self._clock.skew(by_ms, drift_ppm)
        self._public.stamp = self._stamped if by_ms or drift_ppm else None

    def set_right(self) -> None:
        self.skew_clock(0.0, 0.0)
        self.outage.end()
        self.market_right()
        if self._lines is not None:
            self._lines.set_right()

    def hide(self, order: Order, for_ms: float) -> None:
        self._visibility.hide(order, for_ms / 1000)

    @property
    def has_front(self) -> bool:
        return self._lines is not None

    def worsen(
        self,
        lines: Sequence[str],
        directions: Sequence[str],
        changes: dict[str, object],
        for_ms: float | None,
    ) -> None:
        wires = self._lines
        assert wires is not None, "the engine arms no fault of the wire without a front"
        wires.change(lines, directions, **changes)
        if for_ms is not None:
            right = {name: getattr(RIGHT, name) for name in changes}
            heal = partial(wires.change, lines, directions, **right)
            asyncio.get_running_loop().call_later(for_ms / 1000, heal)

    def take_no_calls(self, effect: CallEffect, handshake: int | None, for_ms: float) -> None:
        self.outage.begin(effect, handshake, for_ms / 1000)

    def liquidate(self, uid: str) -> None:
        """Once the act that is under way is done."""
        asyncio.get_running_loop().call_soon(self._liquidate, uid)

    def _stamped(self, frame: bytes) -> bytes:
        return shifted(frame, int(self._clock.ahead_ms(self._clock.right_ms())))
