"""How long does the trade machine take for one event, over all the events of a trade?

Each step of two whole trades is timed by itself: one that goes straight (both legs fill, both are closed),
and one in which an answer is lost, the other leg fills in part, and the close needs a second rung. The floor
beside it is what every pure step has to do: make a new state with one order changed, and nothing decided.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal

import pytest
from harness import StampTimer
from msgspec.structs import replace
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore.execution.events import (
    Acknowledged,
    Action,
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
from synthcore.execution.trade import MS, Trade, TradeRules, begin, step

TIMER = StampTimer()
TRADES = 200
RULES = TradeRules(min_qty=Decimal("0.001"))
QTY = Decimal("0.004")
HALF = Decimal("0.002")
ZERO = Decimal(0)

Story = list[tuple[int, Event]]  # milliseconds since the trade began, and what is told then


def filled_at_once(link_id: str, at_ms: int) -> Story:
    """What an order that takes its whole quantity tells, as Bybit's stream does."""
    return [
        (at_ms, Acknowledged(link_id)),
        (at_ms, Filled(link_id, f"{link_id}/1", QTY)),
        (at_ms, Reported(link_id, QTY, True)),
    ]


STRAIGHT: Story = [
    *filled_at_once("r-1-L-e0", 3),
    *filled_at_once("r-1-S-e0", 4),
    (230, ExitRequested("take_profit")),
    *filled_at_once("r-1-L-x0", 233),
    *filled_at_once("r-1-S-x0", 234),
]
TROUBLED: Story = [
    (3, Acknowledged("r-1-S-e0")),
    (3, Filled("r-1-S-e0", "s/1", HALF)),
    (4, Filled("r-1-S-e0", "s/2", HALF)),
    (4, Reported("r-1-S-e0", QTY, True)),
    (300, AnswerLost("r-1-L-e0")),
    (303, LookedUp("r-1-L-e0", None, 303.0, 1000.0)),
    (353, Woke()),
    (356, LookedUp("r-1-L-e0", None, 356.0, 1000.0)),
    (456, Woke()),
    (459, LookedUp("r-1-L-e0", None, 459.0, 1000.0)),
    (500, Woke()),
    (503, CancelAnswered("r-1-L-e0", False)),
    (504, LookedUp("r-1-L-e0", None, 504.0, 1000.0)),
    (505, Acknowledged("r-1-S-x0")),
    (505, Filled("r-1-S-x0", "x/1", HALF)),
    (506, Reported("r-1-S-x0", HALF, True)),
    (510, Acknowledged("r-1-S-x1")),
    (510, Filled("r-1-S-x1", "x/2", HALF)),
    (511, Reported("r-1-S-x1", HALF, True)),
    (904, Woke()),
    (907, LookedUp("r-1-L-e0", None, 907.0, 1000.0)),
    (1707, Woke()),
    (1710, LookedUp("r-1-L-e0", None, 1710.0, 1000.0)),
    (2710, Woke()),
    (2713, LookedUp("r-1-L-e0", None, 2713.0, 1000.0)),
    (3713, Woke()),
    (3716, LookedUp("r-1-L-e0", None, 3716.0, 1000.0)),
    (3719, PositionReported((ZERO, ZERO))),
]
STORIES = {"a straight trade": STRAIGHT, "a troubled trade": TROUBLED}

Step = Callable[[Trade, Event, int], tuple[Trade, list[Action]]]


def copy_only(state: Trade, event: Event, now_ns: int) -> tuple[Trade, list[Action]]:
    """A new state with one new order in it: no rule, no search."""
    first, *others = state.intents
    return replace(state, intents=(replace(first, looks=0), *others), wake_ns=now_ns), []


def timed(story: Story, step: Step) -> tuple[Trade, list[int]]:
    """The trade's end, and how long each step took."""
    state, _ = begin("r-1", "BTCUSDT", QTY, RULES, 0)
    spent_ns = []
    for at_ms, event in story:
        before_ns = time.perf_counter_ns()
        state, _ = step(state, event, at_ms * MS)
        spent_ns.append(time.perf_counter_ns() - before_ns)
    return state, spent_ns


def measure(benchmark: BenchmarkFixture, story: Story, step: Step) -> list[Trade]:
    """Show each step of `TRADES` trades as a round of its own."""
    done = [timed(story, step) for _ in range(TRADES)]
    stamps = (ns for _, spent_ns in done for ns in spent_ns)
    benchmark.pedantic(lambda: TIMER.add(next(stamps)), rounds=TRADES * len(story))
    return [state for state, _ in done]


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("story", STORIES)
def test_step(benchmark: BenchmarkFixture, story: str) -> None:
    benchmark.group = f"{benchmark.group} [{story}]"

    ends = measure(benchmark, STORIES[story], step)

    assert all(state.phase == "done" for state in ends)


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("story", STORIES)
def test_copy_only(benchmark: BenchmarkFixture, story: str) -> None:
    benchmark.group = f"{benchmark.group} [{story}]"

    states = measure(benchmark, STORIES[story], copy_only)

    assert all(state.phase == "opening" for state in states)
