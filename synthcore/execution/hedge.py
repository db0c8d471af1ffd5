"""How well a trade was hedged in time: first send, acknowledgements, fills, the gap, time exposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from synthcore.execution.trade import Trade


class HedgeTimingMetrics(Struct, frozen=True, kw_only=True):
    """One trade's times in ns; None where it never happened."""

    first_send_ns: int | None = None  # from the update's receive stamp
    ack_long_ns: int | None = None  # this and the following from the first send
    ack_short_ns: int | None = None
    fill_long_ns: int | None = None  # the leg's last entry fill
    fill_short_ns: int | None = None
    gap_ns: int | None = None  # between the legs' fills
    exposed_ns: int = 0  # while the legs held different quantities


class HedgeClock:
    """Collect a trade's moments as they happen."""

    def __init__(self, recv_ns: int) -> None:
        self._recv_ns = recv_ns
        self._sent_ns: int | None = None
        self._ack_ns: list[int | None] = [None, None]
        self._fill_ns: list[int | None] = [None, None]
        self._unequal_since_ns: int | None = None
        self._exposed_ns = 0

    def on_sent(self, sent_ns: int) -> None:
        self._sent_ns = sent_ns if self._sent_ns is None else min(self._sent_ns, sent_ns)

    def on_ack(self, leg: int, acked_ns: int) -> None:
        if self._ack_ns[leg] is None:
            self._ack_ns[leg] = acked_ns

    def on_quantities(self, before: Trade, after: Trade, at_ns: int) -> None:
        """Note what filled, and what both legs hold from `at_ns` on, however it was learned."""
        for leg, filled in enumerate(after.filled):
            if filled != before.filled[leg]:
                self._fill_ns[leg] = at_ns
        if after.held != before.held:
            self._exposed_ns += self._unequal_ns(at_ns)
            self._unequal_since_ns = None if after.held[0] == after.held[1] else at_ns

    def metrics(self, now_ns: int) -> HedgeTimingMetrics:
        """All times until `now_ns`, at which the legs may still be unequal."""
        fills = [at_ns for at_ns in self._fill_ns if at_ns is not None]
        return HedgeTimingMetrics(
            first_send_ns=None if self._sent_ns is None else self._sent_ns - self._recv_ns,
            ack_long_ns=self._from_send(self._ack_ns[0]),
            ack_short_ns=self._from_send(self._ack_ns[1]),
            fill_long_ns=self._from_send(self._fill_ns[0]),
            fill_short_ns=self._from_send(self._fill_ns[1]),
            gap_ns=abs(fills[0] - fills[1]) if len(fills) == 2 else None,
            exposed_ns=self._exposed_ns + self._unequal_ns(now_ns),
        )

    def _unequal_ns(self, now_ns: int) -> int:
        return 0 if self._unequal_since_ns is None else now_ns - self._unequal_since_ns

    def _from_send(self, at_ns: int | None) -> int | None:
        return None if at_ns is None or self._sent_ns is None else at_ns - self._sent_ns
