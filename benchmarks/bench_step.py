"""How long does the trade machine take for one event, over all the events of a trade?

Each step of two whole trades is timed by itself: one that goes straight (both legs fill, both are closed),
and one in which an answer is lost, the other leg fills in part, and the close needs a second rung. The floor
beside it is what every pure step has to do: make a new state with one order changed, and nothing decided.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from harness import StampTimer
from msgspec.structs import replace
from pytest_benchmark.fixture import BenchmarkFixture
from trade_stories import QTY, RULES, STORIES, Story

from synthcore.execution.events import Action, Event
from synthcore.execution.trade import MS, Trade, begin, step

TIMER = StampTimer()
TRADES = 200
KEY = "r-1"

Step = Callable[[Trade, Event, int], tuple[Trade, list[Action]]]


def copy_only(state: Trade, event: Event, now_ns: int) -> tuple[Trade, list[Action]]:
    """A new state with one new order in it: no rule, no search."""
    first, *others = state.intents
    return replace(state, intents=(replace(first, looks=0), *others), wake_ns=now_ns), []


def timed(story: Story, step: Step) -> tuple[Trade, list[int]]:
    """The trade's end, and how long each step took."""
    state, _ = begin(KEY, "BTCUSDT", QTY, RULES, 0)
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

    ends = measure(benchmark, STORIES[story](KEY), step)

    assert all(state.phase == "done" for state in ends)


@pytest.mark.benchmark(timer=TIMER)
@pytest.mark.parametrize("story", STORIES)
def test_copy_only(benchmark: BenchmarkFixture, story: str) -> None:
    benchmark.group = f"{benchmark.group} [{story}]"

    states = measure(benchmark, STORIES[story](KEY), copy_only)

    assert all(state.phase == "opening" for state in states)
