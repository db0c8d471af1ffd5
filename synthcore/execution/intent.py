"""One order of a trade, as far as we know it: what was meant, what is proven, what is in doubt."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Known = Literal["sent", "live", "unknown", "final"]

ZERO = Decimal(0)
LEG_NAMES: tuple[Literal["long"], Literal["short"]] = ("long", "short")


class Intent(Struct, frozen=True, gc=False):
    """An order from the moment we meant it.

    Knowledge only grows: `sent` (no answer yet) or `unknown` (the answer is lost) → `live` (the exchange
    has shown it) → `final` (it can change no more). Fills and acknowledgements come in any order.
    """

    link_id: str
    leg: int  # 0 long, 1 short
    is_close: bool
    qty: Decimal
    known: Known = "sent"
    reported_qty: Decimal = ZERO  # the largest cumulative fill that a report named
    executed_qty: Decimal = ZERO  # sum of distinct executions
    exec_ids: frozenset[str] = frozenset()
    refusal: str = ""  # error class, `async` after an acknowledgement, `not_found` once believed
    cancel: Literal["", "asked", "answered"] = ""
    is_looking: bool = False  # a look-up is on its way
    look_at_ns: int | None = None  # when the next one is due
    looks: int = 0

    @property
    def filled_qty(self) -> Decimal:
        """What is filled, by whichever source knows more."""
        return self.executed_qty if self.executed_qty >= self.reported_qty else self.reported_qty

    @property
    def is_final(self) -> bool:
        return self.known == "final"

    @property
    def next_look_ns(self) -> int | None:
        """When it has to be looked up next, unless it is being looked up, or can't change any more."""
        return None if self.is_looking or self.known == "final" else self.look_at_ns

    @property
    def was_doubted(self) -> bool:
        """Whether it counts as never accepted only because the exchange didn't find it."""
        return self.refusal == "not_found"


def acknowledged(intent: Intent) -> Intent:
    """Learn that the exchange has the order; a final state stays final, unless it was only believed."""
    if intent.is_final and not intent.was_doubted:
        return intent
    return replace(intent, known="live", refusal="")


def filled(intent: Intent, exec_id: str, qty: Decimal) -> Intent:
    """Count an execution once."""
    if exec_id in intent.exec_ids:
        return intent
    executed_qty = intent.executed_qty + qty
    known: Known = "final" if executed_qty >= intent.qty else acknowledged(intent).known
    return replace(
        intent, executed_qty=executed_qty, exec_ids=intent.exec_ids | {exec_id}, known=known, refusal=""
    )


def reported(intent: Intent, filled_qty: Decimal, is_final: bool, is_rejected: bool) -> Intent:
    """Take a report: quantities never shrink, a final state is never left."""
    proven = acknowledged(intent)
    reported_qty = max(proven.reported_qty, filled_qty)
    if not is_final:
        return replace(proven, reported_qty=reported_qty)
    refusal = "async" if is_rejected and not intent.is_final else proven.refusal
    return replace(proven, reported_qty=reported_qty, known="final", refusal=refusal)


def refused(intent: Intent, error_class: str, now_ns: int) -> Intent:
    """Take a refusal, unless the exchange has shown the order already: then only look closer."""
    if intent.is_final:
        return intent
    if intent.known == "live" or intent.filled_qty > 0:
        return replace(intent, look_at_ns=now_ns)
    if error_class == "unknown":
        return doubted(intent, now_ns)
    return replace(intent, known="final", refusal=error_class)


def doubted(intent: Intent, now_ns: int) -> Intent:
    """Take a lost answer: nothing is known until a look-up, unless something was shown before."""
    if intent.known != "sent":
        return intent
    return replace(intent, known="unknown", look_at_ns=now_ns)


def never_accepted(intent: Intent) -> Intent:
    """Believe that the exchange never took the order, and can take it no more."""
    if intent.known == "live" or intent.is_final:
        return intent
    return replace(intent, known="final", refusal="not_found")
