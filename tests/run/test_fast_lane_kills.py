"""`kill -9` around the fast lane: before a frame leaves, between the two, before desk or journal knew.

Rows of the kill matrix (`test_kill_matrix`), with the entries sent by the lane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest
from dying_trader import QTY, Step
from kill_rows import Plan, Row, exchange_settings, play

from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.process import ExchangeProcess

STEPS = (
    # The record is there, the journal knows nothing
    Step("before", "frame L-e0"),
    Step("after", "frame L-e0"),
    Step("before", "frame S-e0"),
    Step("after", "frame S-e0"),
    Step("before", "begun"),
    # The desk has taken over
    Step("after", "begun"),
    Step("after", "action Send L-e0"),
    Step("after", "order L-e0"),
    Step("after", "order S-e0"),
    Step("before", "ack L-e0"),
    Step("after", "ack S-e0"),
    Step("after", "event Filled L-e0"),
    Step("before", "event Woke"),
    Step("after", "order L-x0"),
    Step("after", "action Finish"),
)
FAST = {"topology": "inline", "fast_lane": "on"}
REFUSED = (RefuseCall(code=110007, when="request link=*-S-e0"),)
LOST = (LoseAnswer(when="reply link=*-S-e0"),)
BOTH_SENT = Step("after", "frame S-e0")

PLANS = (
    *(Plan(name=str(step), step=step, settings=FAST, by_fast_lane=True) for step in STEPS),
    Plan(name="leg 2 refused", step=BOTH_SENT, settings=FAST, by_fast_lane=True, faults=REFUSED),
    Plan(
        name="the recovery killed, too",
        step=BOTH_SENT,
        settings=FAST,
        by_fast_lane=True,
        recovery_step=Step("sent", "L-x0"),
    ),
    Plan(name="journal lost", step=BOTH_SENT, settings=FAST, by_fast_lane=True, loses_journal=True),
)
UNHURT = (
    Plan(name="to its end", settings=FAST, by_fast_lane=True),
    Plan(name="leg 2 refused, to its end", settings=FAST, by_fast_lane=True, faults=REFUSED),
    Plan(name="an answer lost, to its end", settings=FAST, by_fast_lane=True, faults=LOST),
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Row]]:
    folder = tmp_path_factory.mktemp("fast")
    settings = exchange_settings(len(PLANS) + len(UNHURT))
    with pytest.MonkeyPatch.context() as patch, ExchangeProcess(settings) as ready:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # the locks
        yield asyncio.run(play(ready, (*PLANS, *UNHURT), folder))


@pytest.mark.parametrize("name", [plan.name for plan in PLANS])
def test_a_kill_around_the_fast_lane_leaves_nothing(name: str, rows: dict[str, Row]) -> None:
    row = rows[name]

    assert row.was_killed, row
    assert row.flaws() == [], row


@pytest.mark.parametrize("name", [plan.name for plan in UNHURT])
def test_a_trade_of_the_fast_lane_ends_like_any_other(name: str, rows: dict[str, Row]) -> None:
    row = rows[name]

    assert row.codes == (0,)
    assert row.flaws() == [], row
    assert row.ends == (("CLOSED",) if name == "to its end" else row.ends)


def test_what_was_recorded_and_never_left_is_not_sent_later(rows: dict[str, Row]) -> None:
    row = rows["before frame L-e0"]

    assert row.audit.orders_of_link == {}
    assert row.audit.entered == (Decimal(0), Decimal(0))
    assert len(row.ends) == 1


def test_what_left_before_the_journal_knew_is_adopted(rows: dict[str, Row]) -> None:
    for name in ("after frame S-e0", "before begun"):
        row = rows[name]

        assert row.audit.entered == (QTY, QTY), name
        assert len(row.ends) == 1, name
    assert rows["before frame S-e0"].audit.entered == (QTY, Decimal(0))
