"""Two things go wrong at once: the trading process is killed, and the exchange, the way or the disk fails.

Played as the kill matrix is: a process, an account and a state folder each, production recovery, and the
exchange as the judge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from dying_trader import QTY, Step
from kill_rows import Plan, Row, exchange_settings, play

from synthcore.exchange.faults.delay_call import DelayCall
from synthcore.exchange.faults.hide_order import HideOrder
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.partial_fill import PartialFill
from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.exchange.faults.reject_later import RejectLater
from synthcore.exchange.process import ExchangeProcess

HELD = Step("after", "event Woke")  # both legs filled, nothing of the exit sent
REFUSED = RefuseCall(code=110007, when="request link=*-S-e0")
LATE_REFUSED = DelayCall(ms=40, when="request link=*-S-e0")
PASSIVE = {"order_pricing": "passive"}

PLANS = (
    # The journal is lost, too: the exchange alone tells what is ours
    Plan(name="held, journal lost", step=HELD, loses_journal=True),
    Plan(name="one leg sent, journal lost", step=Step("sent", "S-e0"), loses_journal=True),
    Plan(name="one leg closed, journal lost", step=Step("sent", "L-x0"), loses_journal=True),
    Plan(
        name="an order rests, journal lost",
        step=Step("after", "event Acknowledged S-e0"),
        settings=PASSIVE,
        long_price=60010.0,
        loses_journal=True,
    ),
    # An answer, an order, a request
    Plan(
        name="an answer is lost",
        step=Step("after", "event AnswerLost S-e0"),
        faults=(LoseAnswer(when="reply link=*-S-e0"),),
    ),
    Plan(
        name="a request is lost, and in doubt",
        step=Step("after", "event AnswerLost S-e0"),
        faults=(LoseAnswer(when="request link=*-S-e0"),),
    ),
    Plan(
        name="the exchange does not show an order yet",
        step=Step("sent", "S-e0"),
        faults=(HideOrder(ms=1500, when="accepted link=*-S-e0"),),
    ),
    Plan(
        name="an order rests",
        step=Step("after", "event Acknowledged S-e0"),
        settings=PASSIVE,
        long_price=60010.0,
    ),
    # A leg that fails
    *(
        Plan(name=f"leg 2 is refused, {step}", step=step, faults=(LATE_REFUSED, REFUSED))
        for step in (
            Step("before", "event Rejected S-e0"),
            Step("after", "order L-x0"),
            Step("sent", "L-x0"),
            Step("after", "event Filled L-x0"),
            Step("after", "action CheckPosition"),
            Step("after", "event PositionReported"),
        )
    ),
    Plan(
        name="leg 2 is rejected after its acknowledgement",
        step=Step("before", "event Reported S-e0"),
        faults=(RejectLater(when="accepted link=*-S-e0"),),
    ),
    Plan(
        name="leg 2 fills in part",
        step=Step("after", "fill S-e0"),
        faults=(PartialFill(share=0.3, when="accepted link=*-S-e0"),),
    ),
    # The recovery is killed as well
    *(
        Plan(name=f"held, and the recovery killed {step}", step=HELD, recovery_step=step)
        for step in (
            Step("before", "event Restarted"),
            Step("after", "order L-x0"),
            Step("sent", "L-x0"),
            Step("before", "ack S-x0"),
            Step("after", "action Finish"),
            Step("before", "ended"),
        )
    ),
    Plan(
        name="held, the recovery killed, journal lost",
        step=HELD,
        recovery_step=Step("sent", "S-x0"),
        loses_journal=True,
    ),
)

# A request is still on its way when the next process starts; it arrives within its receive window.
IN_FLIGHT = (DelayCall(ms=2000, when="request link=*-S-e0"),)
LATE = tuple(
    Plan(
        name=f"a request arrives after the kill{', journal lost' if is_lost else ''}",
        step=Step("after", "event Filled L-e0"),
        settings={"entry_recv_window_ms": "4000"},
        faults=IN_FLIGHT,
        loses_journal=is_lost,
    )
    for is_lost in (False, True)
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Row]]:
    folder = tmp_path_factory.mktemp("stories")
    settings = exchange_settings(len(PLANS) + len(LATE))
    with pytest.MonkeyPatch.context() as patch, ExchangeProcess(settings) as ready:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # the locks
        yield asyncio.run(play(ready, LATE, folder)) | asyncio.run(play(ready, PLANS, folder, len(LATE)))


@pytest.mark.parametrize("name", [plan.name for plan in (*PLANS, *LATE)])
def test_a_kill_beside_another_fault_leaves_nothing(name: str, rows: dict[str, Row]) -> None:
    row = rows[name]

    assert row.was_killed, row
    assert row.flaws() == [], row


def test_the_other_fault_was_there(rows: dict[str, Row]) -> None:
    assert rows["an order rests"].at_kill == f"{QTY} long, 0 short, 1 open"
    assert rows["one leg closed, journal lost"].at_kill == f"0 long, {QTY} short"
    for plan in LATE:
        assert rows[plan.name].audit.entered == (QTY, QTY)
