"""Holds what the fast lane sends against what it was allowed, at the moment at which it leaves."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

from synthcore.execution.shares import OURS, trade_of

REMEMBERED = 20_000  # entries that left


class LaneSummary(Struct, frozen=True):
    """What the fast lane did, over all processes."""

    allowed: int  # trades, beforehand
    revoked: int  # of these, before they were sent
    sent: int  # by the lane, whole or up to a kill
    orphaned: int  # of these, killed before the journal knew


class LaneJudge:
    """Knows each trade that may leave, and each order that left.

    Parameters
    ----------
    on_violation
        Told of what must never leave.
    """

    def __init__(self, on_violation: Callable[[str], None]) -> None:
        self._on_violation = on_violation
        self._allowed: dict[str, str] = {}  # trade by symbol, of the process that runs
        self._sent: dict[str, str] = {}  # the same, on its way into the journal
        self._left: OrderedDict[str, str] = OrderedDict()  # entries: by whom, by link id
        self._orphans: set[str] = set()  # trades that the next process has to know
        self._counts = {"allowed": 0, "revoked": 0, "sent": 0, "orphaned": 0}

    def summary(self) -> LaneSummary:
        return LaneSummary(**self._counts)

    # What the gate's side says

    def on_allowed(self, symbol: str, trade: str) -> None:
        self._counts["allowed"] += 1
        if symbol in self._allowed or symbol in self._sent:
            self._on_violation(f"{trade} was allowed while another one of {symbol} was")
        self._allowed[symbol] = trade

    def on_revoked(self, symbol: str) -> None:
        self._counts["revoked"] += 1
        self._allowed.pop(symbol, None)

    def on_cleared(self, symbol: str, is_kept: Callable[[str], bool]) -> None:
        """The slot is empty again: the journal has what was sent."""
        trade = self._sent.pop(symbol, None)
        if trade is not None and not is_kept(trade):
            self._on_violation(f"{trade}: its slot was cleared before the journal had it")

    # What leaves

    def on_frame(self, symbol: str, link_id: str, hindrance: str | None) -> None:
        """An order leaves by the lane, though something may hinder it."""
        trade = trade_of(link_id)
        if self._sent.get(symbol) != trade:  # the first of the two
            self._counts["sent"] += 1
            allowed = self._allowed.pop(symbol, "nothing")
            if allowed != trade:
                self._on_violation(
                    f"{link_id} left by the fast lane, which was allowed {allowed} on {symbol}"
                )
            self._sent[symbol] = trade
        if hindrance is not None:
            self._on_violation(f"{link_id} left by the fast lane in spite of {hindrance}")
        self._on_left(link_id, "the fast lane")

    def on_order(self, link_id: str) -> None:
        """An order leaves by the desk; of closes a call that was refused with 403 goes again by socket."""
        if is_entry(link_id):
            self._on_left(link_id, "the desk")

    def _on_left(self, link_id: str, sender: str) -> None:
        before = self._left.get(link_id)
        if before is not None:
            self._on_violation(f"{link_id} left by {before}, and again by {sender}")
        self._left[link_id] = sender
        if len(self._left) > REMEMBERED:
            self._left.popitem(last=False)

    # From one process to the next

    def on_killed(self) -> None:
        """Of what the journal has not kept the slot alone tells."""
        self._counts["orphaned"] += len(self._sent)
        self._orphans |= set(self._sent.values())
        self.on_ended()

    def on_ended(self) -> None:
        """The process is over; nothing of it may leave any more."""
        self._allowed.clear()
        self._sent.clear()

    def on_journal_lost(self) -> None:
        """Now the exchange alone tells of them."""
        self._orphans.clear()

    def on_recovered(self, end_of: Callable[[str], str | None]) -> None:
        """A later process says that it has brought everything to its end."""
        for trade in sorted(self._orphans):
            if end_of(trade) is None:
                self._on_violation(f"{trade} was sent by the fast lane, and the journal knows no end of it")
        self._orphans.clear()


def is_entry(link_id: str) -> bool:
    named = OURS.fullmatch(link_id)
    return named is not None and named["kind"] == "e"
