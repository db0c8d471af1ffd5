"""`kill -9` of the trading process at every record of its journal: the next one ends flat, nothing doubled.

Each row is a process of its own with an account of its own on one exchange, killed at one step of one
trade; then production recovery on the same state folder. The exchange is the judge: its positions, orders,
executions and transaction log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest
from dying_trader import QTY, Step
from kill_rows import Plan, Row, exchange_settings, play

from synthcore.exchange.process import ExchangeProcess

ENTRIES, CLOSES = ("L-e0", "S-e0"), ("L-x0", "S-x0")
NO_ORDER_YET = {"run", "begun", "action Send L-e0", "action Send S-e0", "order L-e0", "order S-e0"}

# Written at once after the record before it: nothing can happen between the two.
FOLLOWS = ("action", "event Acknowledged", "event Filled", "cost")


def records() -> list[str]:
    """Every record of a trade that is opened, held and closed."""
    found = ["run", "begun"]
    for orders, before in ((ENTRIES, ()), (CLOSES, ("event Woke",))):
        found += before
        found += [f"action Send {order}" for order in orders]
        found += [f"order {order}" for order in orders]
        for order in orders:
            found += [f"ack {order}", f"event Acknowledged {order}"]
            found += [f"fill {order}", f"event Filled {order}", f"event Reported {order}"]
    return [*found, "action Finish", "ended", "cost"]


def steps() -> list[Step]:
    around = [
        Step(when, record)
        for record in records()
        for when in ("before", "after")
        if when == "after" or not record.startswith(FOLLOWS)
    ]
    return around + [Step("sent", order) for order in (*ENTRIES, *CLOSES)]


STEPS = {str(step): step for step in steps()}


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Row]]:
    """Play all rows, each once."""
    folder = tmp_path_factory.mktemp("matrix")
    settings = exchange_settings(len(STEPS))
    with pytest.MonkeyPatch.context() as patch, ExchangeProcess(settings) as ready:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # the locks
        plans = [Plan(name=name, step=step) for name, step in STEPS.items()]
        yield asyncio.run(play(ready, plans, folder))


@pytest.mark.parametrize("name", STEPS)
def test_a_process_killed_at_a_step_leaves_nothing(name: str, matrix: dict[str, Row]) -> None:
    row = matrix[name]

    assert row.was_killed
    assert row.flaws() == []


def test_the_steps_reach_every_state_of_a_trade(matrix: dict[str, Row]) -> None:
    """The kills really were where they are said to be, as the exchange counted right after them."""
    held = {name: row.at_kill for name, row in matrix.items()}
    nothing, pair = "0 long, 0 short", f"{QTY} long, {QTY} short"

    assert all(held[f"after {record}"] == nothing for record in NO_ORDER_YET)
    assert (held["sent L-e0"], held["sent S-e0"]) == (f"{QTY} long, 0 short", f"0 long, {QTY} short")
    assert held["before event Woke"] == held["after order S-x0"] == pair
    assert (held["sent L-x0"], held["sent S-x0"]) == (f"0 long, {QTY} short", f"{QTY} long, 0 short")
    assert held["after action Finish"] == held["after ended"] == nothing


def test_what_was_never_sent_is_never_sent_by_the_recovery(matrix: dict[str, Row]) -> None:
    for record in NO_ORDER_YET:
        row = matrix[f"after {record}"]

        assert row.audit.orders_of_link == {}, record
        assert row.audit.entered == (Decimal(0), Decimal(0)), record
        assert set(row.ends) <= {"FLAT", "REFUSED"}, record
