"""For how long the account stood unhedged: one side of a symbol larger than the other, at the exchange."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from synthcore.clock import Clock
from synthcore.execution.trade import TradeRules
from synthcore.simulation.away import Away

RULES = TradeRules(min_qty=Decimal(1))
# Leg time-out, settling and the time for unwinding; before that up to the holding time, where a liquidation
# takes a leg of a trade that is held.
LONGEST_S = (RULES.leg_timeout_ns + RULES.settle_ns + RULES.longest_unwind_ns + RULES.max_holding_ns) / 1e9


class Stretch(Struct):
    """One time of being unhedged."""

    since_ns: int
    is_disturbed: bool  # there was no process to do anything about it


class Durations(Struct, frozen=True):
    """How long they were."""

    count: int
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float


class ExposureSummary(Struct, frozen=True):
    """All that are over."""

    undisturbed: Durations  # a process ran all the time, and the exchange answered
    disturbed: Durations  # it was killed, gave up, or the exchange was away for longer than is assumed


class Exposure:
    """Follows the sizes of every symbol.

    Parameters
    ----------
    on_violation
        Told of a stretch that took longer than is promised.
    """

    def __init__(self, clock: Clock, away: Away, on_violation: Callable[[str], None]) -> None:
        self._now_ns = clock.monotonic_ns
        self._away = away
        self._on_violation = on_violation
        self._open: dict[str, Stretch] = {}  # by symbol
        self._has_process = False
        self._undisturbed_ns: list[int] = []
        self._disturbed_ns: list[int] = []

    def on_sizes(self, symbol: str, long: Decimal, short: Decimal) -> None:
        """The exchange holds this from now on."""
        stretch = self._open.get(symbol)
        if long != short and stretch is None:
            self._open[symbol] = Stretch(self._now_ns(), not self._has_process)
        elif long == short and stretch is not None:
            del self._open[symbol]
            self._close(symbol, stretch)

    def on_process(self, *, is_there: bool) -> None:
        """A trading process began, or there is none any more."""
        self._has_process = is_there
        if not is_there:
            for symbol in self._open:
                self.on_given_up(symbol)

    def on_given_up(self, symbol: str) -> None:
        """What stands open is left to a person, or to the next process."""
        if symbol in self._open:
            self._open[symbol].is_disturbed = True

    def check(self) -> None:
        """Nothing may stand open for ever."""
        for symbol, stretch in self._open.items():
            self._check(symbol, stretch)

    def summary(self) -> ExposureSummary:
        return ExposureSummary(durations(self._undisturbed_ns), durations(self._disturbed_ns))

    def _close(self, symbol: str, stretch: Stretch) -> None:
        took_ns = self._now_ns() - stretch.since_ns
        if self._was_disturbed(stretch):
            self._disturbed_ns.append(took_ns)
        else:
            self._undisturbed_ns.append(took_ns)
            self._check(symbol, stretch)

    def _check(self, symbol: str, stretch: Stretch) -> None:
        took_s = (self._now_ns() - stretch.since_ns) / 1e9
        if took_s > LONGEST_S and not self._was_disturbed(stretch):
            stretch.is_disturbed = True  # told once
            self._on_violation(
                f"{symbol} stood unhedged for {took_s:.3f} s, at most {LONGEST_S:g} s are promised"
            )

    def _was_disturbed(self, stretch: Stretch) -> bool:
        return stretch.is_disturbed or self._away.was_since(stretch.since_ns)


def durations(taken_ns: list[int]) -> Durations:
    """Sum up; a quantile is one of the times themselves, the next larger one."""
    if not taken_ns:
        return Durations(0, 0.0, 0.0, 0.0, 0.0)
    in_order = sorted(taken_ns)
    p50, p99, p999 = (
        in_order[max(0, math.ceil(share * len(in_order)) - 1)] / 1e6 for share in (0.5, 0.99, 0.999)
    )
    return Durations(len(in_order), p50, p99, p999, in_order[-1] / 1e6)
