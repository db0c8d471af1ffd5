"""Why a trade could not be proven flat, in words: what the machine knows at the moment it gives up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from synthcore.execution.intent import Intent

if TYPE_CHECKING:
    from synthcore.execution.trade import Trade

LEGS = ("long", "short")
SECOND_NS = 1_000_000_000


def why_unresolved(state: Trade, now_ns: int) -> str:
    """Say what ended the unwinding, then what is held and what is in doubt."""
    return "; ".join([what_ended_it(state, now_ns), *what_is_open(state)])


def what_ended_it(state: Trade, now_ns: int) -> str:
    if state.is_shut_out:
        return "the exchange takes nothing from our address"
    if now_ns >= state.give_up_ns:
        return f"the exchange was silent for {state.rules.give_up_ns / SECOND_NS:g} s"
    return f"{state.rules.longest_unwind_ns / SECOND_NS:g} s of unwinding are over"


def what_is_open(state: Trade) -> Iterator[str]:
    for leg, name in enumerate(LEGS):
        if state.held[leg]:
            yield f"the {name} leg holds {state.held[leg]}{last_refusal(state, leg)}"
    doubtful = [intent for intent in state.intents if not intent.is_final]
    yield from map(doubt, doubtful)
    if not doubtful and not any(state.held):
        yield "all is closed by our orders, and no position confirmed it"


def last_refusal(state: Trade, leg: int) -> str:
    closes = state.closes(leg)
    return f", its last close was refused ({closes[-1].refusal})" if closes and closes[-1].refusal else ""


def doubt(intent: Intent) -> str:
    attempt = intent.link_id.rpartition("-")[2][1:]
    name = f"{LEGS[intent.leg]} {'close' if intent.is_close else 'entry'} {attempt}"
    return f"{name} is open" if intent.known == "live" else f"what became of {name} is not known"
