"""The unit of abstract time, and a patience of production's proportions, scaled down to it."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from synthcore.execution.trade import MS, TradeRules


class Bounds(Struct, frozen=True, kw_only=True):
    """How much may go wrong in one run; nothing else is cut off."""

    faults: int
    crashes: int
    is_thin: bool = False  # entries may fill in part or not at all, and it is no fault
    may_die: bool = False  # the exchange may fall silent for any time, or shut us out, as one fault
    may_lag: bool = False  # positions may be shown late, as one fault
    may_amend: bool = False  # somebody else may amend an entry to a lot more, as a fault each time


TICK_NS = 250 * MS
TICK_MS = 250.0
NOW_NS = 1_000_000 * TICK_NS  # every state is kept as if it were this time
NEVER_NS = 2 * NOW_NS  # kept there: a run has to end before it is made to
FAR = 1_000_000  # ticks between the clocks of two processes

TARGET = 2  # lots a leg: whole, half or nothing can fill
MOST = TARGET + 1  # that an order is amended to
WINDOW = 3  # ticks for which the exchange takes a request
MARGIN = 1  # ticks after which "not found" is believed on top
LATEST = 5  # ticks that a late message takes at most: what takes longer counts as lost
LAG = 3  # ticks after which a position shows what has filled: the last of the checks comes then
SECOND = 4  # ticks

RULES = TradeRules(
    min_qty=Decimal(1),
    leg_timeout_ns=2 * TICK_NS,
    max_holding_ns=2 * TICK_NS,
    settle_ns=TICK_NS,
    close_timeout_ns=TICK_NS,
    first_look_ns=TICK_NS,
    longest_look_ns=2 * TICK_NS,
    pause_ns=TICK_NS,
    longest_pause_ns=2 * TICK_NS,
    give_up_ns=20 * TICK_NS,
    longest_unwind_ns=NEVER_NS - NOW_NS,
    not_found_margin_ms=MARGIN * TICK_MS,
    entry_attempts=2,
    position_checks=3,
)
HEDGE_TICKS = (RULES.leg_timeout_ns + RULES.settle_ns) // TICK_NS
