"""Holds what the trading side says against what the exchange counts, all the time."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from decimal import Decimal
from typing import Protocol

from msgspec import Struct

from synthcore.clock import Clock
from synthcore.execution.intent import LEG_NAMES
from synthcore.execution.paper import PaperTrade
from synthcore.execution.trade import LEGS
from synthcore.simulation.away import Away
from synthcore.simulation.count import REMEMBERED, ExchangeCount
from synthcore.simulation.exposure import Exposure
from synthcore.simulation.lane_judge import LaneJudge

LONGEST_TRADE_S = 60.0  # from the first order to its end, with the money counted
JOURNAL_AFTER_S = 0.05  # a commit is over by then
MOST_VIOLATIONS = 100  # that are told one by one

ZERO = Decimal(0)


class Violation(Struct, frozen=True):
    """Something that must never happen, and when it did."""

    at_s: float  # since the start, virtual
    what: str


class Witness(Protocol):
    """The process that a trade is of."""

    @property
    def is_dead(self) -> bool: ...

    def journal_end(self, trade: str) -> str | None:
        """How it ended by the journal; empty where that can't be written any more."""
        ...

    def was_shut_out(self, trade: str) -> bool:
        """Whether it was refused with 403 with no trade socket to turn to: then it gives up at once."""
        ...

    def why_unresolved(self, trade: str) -> str:
        """What its alarm said."""
        ...


class GivenUp(Struct, frozen=True):
    """A trade that ended UNRESOLVED."""

    at_s: float  # since the start, virtual
    trade: str
    took_s: float
    away_s: float  # for so long the exchange had been away, at a stretch
    was_shut_out: bool
    why: str  # as the alarm says it


class Running(Struct):
    """A trade that has begun and not ended."""

    symbol: str
    begun_ns: int
    taken_over: tuple[Decimal, Decimal]  # by liquidations of its symbol before


class Judge:
    """Collects violations, and counts ends."""

    def __init__(self, clock: Clock, away: Away) -> None:
        self.violations: list[Violation] = []
        self.violation_count = 0
        self.ends: Counter[str] = Counter()
        self.unresolved: list[GivenUp] = []
        self.longest_s = 0.0
        self.exposure = Exposure(clock, away, self.violated)
        self.lane = LaneJudge(self.violated)
        self.count = ExchangeCount(self.violated, self.exposure.on_sizes)
        self._now_ns = clock.monotonic_ns
        self._away = away
        self._running: dict[str, Running] = {}
        self._taken_before: OrderedDict[str, tuple[Decimal, Decimal]] = OrderedDict()  # by trade

    def violated(self, what: str) -> None:
        self.violation_count += 1
        if len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(Violation(self._now_ns() / 1e9, what))

    @property
    def trades(self) -> int:
        """Trades that ended."""
        return self.ends.total()

    # What the trading side says

    def on_process(self, *, is_there: bool) -> None:
        """A trading process began, or there is none any more."""
        self.exposure.on_process(is_there=is_there)

    def on_begun(self, trade: str, symbol: str) -> None:
        # Of its first beginning: it may end twice, where a full disk kept no word of its end.
        taken_over = self._taken_before.setdefault(trade, self._taken_over(symbol))
        if len(self._taken_before) > REMEMBERED:
            self._taken_before.popitem(last=False)
        self._running[trade] = Running(symbol, self._now_ns(), taken_over)

    def on_ended(self, trade: PaperTrade, process: Witness) -> None:
        """A trade reached its end; with the process that says so."""
        self.ends[trade.end] += 1
        running = self._running.pop(trade.trade, None)
        if running is not None:
            self._check_length(trade.trade, running)
        if trade.end == "UNRESOLVED":
            self.exposure.on_given_up(trade.symbol)
            self._check_unresolved(trade, running, process)
        elif running is not None:
            self._check_flat(trade, running)
        asyncio.get_running_loop().call_later(JOURNAL_AFTER_S, self._check_journal, trade, process)

    def on_killed(self) -> None:
        """The process is gone; what it ran is another one's now, or nobody's."""
        self.lane.on_killed()
        self._running.clear()
        self.on_process(is_there=False)

    def on_stopped(self, *, is_flat: bool, how: str) -> None:
        """The trading side says that nothing is held, or that it does not know."""
        self.check_none_runs(how)
        if is_flat:
            self.check_all_flat(how)
        elif not self._away.was_lately():
            self.violated(f"{how}: not proven flat, and the exchange was there all the time")

    # Checks

    def check_ages(self) -> None:
        """No trade may run for ever, and no leg be alone."""
        self.exposure.check()
        oldest_ns = self._now_ns() - LONGEST_TRADE_S * 1e9
        for trade, running in list(self._running.items()):
            if running.begun_ns < oldest_ns:
                self.violated(f"{trade} has not ended within {LONGEST_TRADE_S:g} s")
                del self._running[trade]

    def check_none_runs(self, when: str) -> None:
        for trade in self._running:
            self.violated(f"{when}: {trade} has no end")
        self._running.clear()

    def check_all_flat(self, when: str) -> None:
        for symbol in self.count.symbols:
            long, short = self.count.positions(symbol)
            if long or short:
                self.violated(f"{when}: the exchange counts {long} long, {short} short of {symbol}")
        for link_id in self.count.open_orders():
            self.violated(f"{when}: {link_id} is open")

    def _check_length(self, trade: str, running: Running) -> None:
        took_s = (self._now_ns() - running.begun_ns) / 1e9
        self.longest_s = max(self.longest_s, took_s)
        if took_s > LONGEST_TRADE_S:
            self.violated(f"{trade} took {took_s:.1f} s, at most {LONGEST_TRADE_S:g} s are promised")

    def _check_unresolved(self, trade: PaperTrade, running: Running | None, process: Witness) -> None:
        now_ns = self._now_ns()
        begun_ns = running.begun_ns if running is not None else now_ns
        given_up = GivenUp(
            at_s=now_ns / 1e9,
            trade=trade.trade,
            took_s=(now_ns - begun_ns) / 1e9,
            away_s=self._away.longest_since_s(begun_ns),
            was_shut_out=process.was_shut_out(trade.trade),
            why=process.why_unresolved(trade.trade),
        )
        self.unresolved.append(given_up)
        if not given_up.away_s and not given_up.was_shut_out:
            self.violated(f"{trade.trade} is UNRESOLVED, and the exchange was there all the time")

    def _check_flat(self, trade: PaperTrade, running: Running) -> None:
        """By its own orders, and by the position."""
        symbol = running.symbol
        counted = self.count.of(trade.trade)
        if counted is not None and not is_nameless(trade.trade):
            taken = self._taken_over(symbol)
            for leg in LEGS:
                gone = taken[leg] - running.taken_over[leg]
                left = counted.opened[leg] - counted.closed[leg] - gone
                if left:
                    self.violated(
                        f"{trade.trade} ended {trade.end}, the exchange counts {left} on its"
                        f" {LEG_NAMES[leg]} leg"
                    )
                if counted.opened[leg] > trade.target_qty:
                    self.violated(f"{trade.trade} opened {counted.opened[leg]} for {trade.target_qty}")
            if counted.has_open_orders:
                self.violated(f"{trade.trade} ended {trade.end} with an open order")
            counted.is_over = True
        if any(other.symbol == symbol for other in self._running.values()):
            return  # a recovery ends several side by side
        long, short = self.count.positions(symbol)
        if long or short:
            self.violated(f"{trade.trade} ended {trade.end}, {symbol} stands at {long} long, {short} short")

    def _check_journal(self, trade: PaperTrade, process: Witness) -> None:
        if process.is_dead or is_nameless(trade.trade):
            return
        by_journal = process.journal_end(trade.trade)
        if by_journal != "" and by_journal != trade.end:
            self.violated(f"{trade.trade} ended {trade.end}, the journal has {by_journal}")

    def _taken_over(self, symbol: str) -> tuple[Decimal, Decimal]:
        long, short = self.count.taken_over.get(symbol, (ZERO, ZERO))
        return long, short


def is_nameless(trade: str) -> bool:
    """Whether a recovery made it of what no trade explained: its entries were other trades'."""
    return trade.rpartition("-")[2].startswith("0r")
