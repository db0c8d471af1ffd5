"""Whole trades as the machine is told them, event by event, for the benchmarks that need one."""

from __future__ import annotations

from decimal import Decimal

from synthcore.execution.events import (
    Acknowledged,
    AnswerLost,
    CancelAnswered,
    Event,
    ExitRequested,
    Filled,
    LookedUp,
    PositionReported,
    Reported,
    Woke,
)
from synthcore.execution.trade import TradeRules

RULES = TradeRules(min_qty=Decimal("0.001"))
QTY = Decimal("0.004")
HALF = Decimal("0.002")
ZERO = Decimal(0)

Told = tuple[int, Event]  # milliseconds since the trade began, and what is told then
Story = list[Told]


def straight(key: str) -> Story:
    """Both legs fill at once, and both are closed at once."""
    return [
        *filled_at_once(f"{key}-L-e0", 3),
        *filled_at_once(f"{key}-S-e0", 4),
        (230, ExitRequested("take_profit")),
        *filled_at_once(f"{key}-L-x0", 233),
        *filled_at_once(f"{key}-S-x0", 234),
    ]


def filled_at_once(link_id: str, at_ms: int) -> Story:
    """What an order that takes its whole quantity tells, as Bybit's stream does."""
    return [
        (at_ms, Acknowledged(link_id)),
        (at_ms, Filled(link_id, f"{link_id}/1", QTY)),
        (at_ms, Reported(link_id, QTY, True)),
    ]


def troubled(key: str) -> Story:
    """One answer is lost for ever; the other leg fills in pieces, and its close needs a second rung."""
    lost, entry, first, second = (f"{key}-{order}" for order in ("L-e0", "S-e0", "S-x0", "S-x1"))
    return [
        (3, Acknowledged(entry)),
        (3, Filled(entry, f"{entry}/1", HALF)),
        (4, Filled(entry, f"{entry}/2", HALF)),
        (4, Reported(entry, QTY, True)),
        (300, AnswerLost(lost)),
        not_found(lost, 303),
        *looked_up(lost, 353),
        *looked_up(lost, 456),
        (500, Woke()),
        (503, CancelAnswered(lost, False)),
        not_found(lost, 504),
        (505, Acknowledged(first)),
        (505, Filled(first, f"{first}/1", HALF)),
        (506, Reported(first, HALF, True)),
        (510, Acknowledged(second)),
        (510, Filled(second, f"{second}/1", HALF)),
        (511, Reported(second, HALF, True)),
        *looked_up(lost, 904),
        *looked_up(lost, 1707),
        *looked_up(lost, 2710),
        *looked_up(lost, 3713),
        (3719, PositionReported((ZERO, ZERO))),
    ]


def looked_up(link_id: str, at_ms: int) -> Story:
    """The timer rings, and three milliseconds later the exchange doesn't know the order."""
    return [(at_ms, Woke()), not_found(link_id, at_ms + 3)]


def not_found(link_id: str, at_ms: int) -> Told:
    return at_ms, LookedUp(link_id, None, asked_at_ms=float(at_ms), valid_until_ms=1000.0)


STORIES = {"a straight trade": straight, "a troubled trade": troubled}
