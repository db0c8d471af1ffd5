"""Why a trade could not be proven flat, in words: what the machine knows at the moment it gives up."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

from synthcore.execution.intent import LEG_NAMES, Intent

SECOND_NS = 1_000_000_000


class Patience(Protocol):
    """How long a trade is unwound."""

    @property
    def give_up_ns(self) -> int: ...

    @property
    def longest_unwind_ns(self) -> int: ...


class Unwinding(Protocol):
    """What of a trade tells why."""

    @property
    def rules(self) -> Patience: ...

    @property
    def give_up_ns(self) -> int: ...

    @property
    def is_shut_out(self) -> bool: ...

    @property
    def held(self) -> tuple[Decimal, Decimal]: ...

    @property
    def intents(self) -> tuple[Intent, ...]: ...


def why_unresolved(state: Unwinding, now_ns: int) -> str:
    """Say what ended the unwinding, then what is held and what is in doubt."""
    return "; ".join([what_ended_it(state, now_ns), *what_is_open(state)])


def what_ended_it(state: Unwinding, now_ns: int) -> str:
    if state.is_shut_out:
        return "the exchange takes nothing from our address"
    if now_ns >= state.give_up_ns:
        return f"the exchange was silent for {state.rules.give_up_ns / SECOND_NS:g} s"
    return f"{state.rules.longest_unwind_ns / SECOND_NS:g} s of unwinding are over"


def what_is_open(state: Unwinding) -> Iterator[str]:
    for leg, name in enumerate(LEG_NAMES):
        if state.held[leg]:
            yield f"the {name} leg holds {state.held[leg]}{last_refusal(state, leg)}"
    doubtful = [intent for intent in state.intents if not intent.is_final]
    yield from map(doubt, doubtful)
    if not doubtful and not any(state.held):
        yield "all is closed by our orders, and no position confirmed it"


def last_refusal(state: Unwinding, leg: int) -> str:
    refusals = [intent.refusal for intent in state.intents if intent.is_close and intent.leg == leg]
    return f", its last close was refused ({refusals[-1]})" if refusals and refusals[-1] else ""


def doubt(intent: Intent) -> str:
    attempt = intent.link_id.rpartition("-")[2][1:]
    name = f"{LEG_NAMES[intent.leg]} {'close' if intent.is_close else 'entry'} {attempt}"
    return f"{name} is open" if intent.known == "live" else f"what became of {name} is not known"
