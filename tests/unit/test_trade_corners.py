"""Corners of the trade machine that one changed sign or word would bend: each was shown by a mutant."""

from decimal import Decimal

import pytest
from trade_story import FLAT, LONG, QTY, RULES, SERVER_MS, SHORT, Story

from synthcore.execution.events import (
    Acknowledged,
    Alarm,
    AnswerLost,
    Cancel,
    CancelAnswered,
    CheckPosition,
    ExitRequested,
    LookedUp,
    LookUp,
    PositionReported,
    Rejected,
    Reported,
    Restarted,
    SetTimer,
    Sweep,
    Woke,
)
from synthcore.execution.recovery import holding
from synthcore.execution.trade import MS, TradeRules, step

NONE = Decimal(0)
NOT_FOUND_YET = LookedUp(LONG, None, SERVER_MS, SERVER_MS)


def leaving():
    """A pair whose closes went out at 0."""
    return Story().both_filled().tell(ExitRequested("take_profit"))


def test_the_patience_is_in_nanoseconds():
    assert TradeRules(min_qty=Decimal(1)).give_up_ns == 10_000_000_000


def test_an_order_that_nobody_knows_changes_nothing():
    story = Story()
    before = story.state

    story.tell(Acknowledged("r-1-L-e9"))

    assert (story.state, story.acts) == (before, [])


def test_a_part_that_only_a_report_names_counts():
    assert Story().tell(Reported(LONG, Decimal(1), is_final=False)).state.held_qty(0) == 1


def test_who_is_shut_out_sends_no_other_close_while_one_is_out():
    story = leaving().tell(Rejected("r-1-L-x0", "shut_out"))

    assert story.tell(Woke(), at_ms=150).sent == []
    assert story.tell(Acknowledged("r-1-S-x0"), at_ms=160).sent == []


@pytest.mark.parametrize(("old", "young"), [("S", "L"), ("L", "S")], ids=["short asks", "long asks"])
def test_a_legs_close_does_not_wait_for_what_the_other_one_asks(old, young):
    """Found by the explorer, with three faults and a crash: the long leg went first, whichever asked."""
    story = leaving()
    for number, at_ms in enumerate((0, 1000, 2000)):
        story.tell(Woke(), at_ms=at_ms).tell(Rejected(f"r-1-{old}-x{number}", "account"), at_ms=at_ms)

    story.tell(Reported(f"r-1-{young}-x0", NONE, is_final=True), at_ms=2900)

    assert [send[0] for send in story.sent] == [f"r-1-{young}-x1"]
    assert story.of(Sweep) == [Sweep()]


# After a restart


def test_a_restart_gives_an_unwinding_its_whole_time():
    state = leaving().tell(Restarted(), at_ms=5000).state

    assert (state.give_up_ns, state.unwind_until_ns) == (15_000 * MS, 35_000 * MS)


def test_a_restart_waits_for_no_pause_of_before_and_begins_with_the_shortest():
    story = leaving().tell(Rejected("r-1-L-x0", "busy")).tell(Rejected("r-1-S-x0", "busy"))
    assert story.sent == []

    sent = story.tell(Restarted(), at_ms=10).sent
    story.tell(Rejected("r-1-L-x1", "busy")).tell(Rejected("r-1-S-x1", "busy"))

    assert sent == [("r-1-L-x1", QTY, "bounded"), ("r-1-S-x1", QTY, "bounded")]
    assert story.state.retry_at_ns == (110 * MS, 110 * MS)


def test_a_restart_checks_the_position_at_once():
    story = Story().fill(LONG).tell(Rejected(SHORT, "account")).fill("r-1-L-x0")
    story.tell(PositionReported(None))

    assert story.tell(Restarted(), at_ms=1).of(CheckPosition) == [CheckPosition()]


def test_a_restart_cancels_again_and_begins_with_short_waits():
    story = Story().fill(LONG).tell(Acknowledged(SHORT)).tell(Woke(), at_ms=500)
    found = LookedUp(SHORT, Reported(SHORT, NONE, is_final=False), SERVER_MS, SERVER_MS)
    story.tell(CancelAnswered(SHORT, accepted=False)).tell(found)

    cancels = story.tell(Restarted(), at_ms=600).of(Cancel)
    story.tell(found)

    assert cancels == [Cancel(SHORT)]
    assert story.state.intent(SHORT).look_at_ns == 650 * MS


def test_a_restart_sets_a_timer_of_its_own():
    story = Story().tell(Acknowledged(LONG)).tell(Restarted()).tell(Restarted())
    before = story.state.wake_ns

    assert story.tell(Restarted()).of(SetTimer) == [SetTimer(before)]


def test_what_is_found_without_a_journal_is_closed_before_anything_is_asked():
    state = holding("r-1", "BTCUSDT", (QTY, QTY), RULES, 0)

    state, acts = step(state, Restarted(), 0)

    assert [act.pricing for act in acts if hasattr(act, "pricing")] == ["bounded", "bounded"]
    assert (state.is_swept, CheckPosition() in acts) == (False, False)


# Unwinding


@pytest.mark.parametrize(("leg", "name"), [(0, "L"), (1, "S")])
def test_the_first_pause_of_an_unwinding_is_the_shortest(leg, name):
    assert leaving().tell(Rejected(f"r-1-{name}-x0", "busy")).state.retry_at_ns[leg] == 100 * MS


def test_a_leg_that_was_closed_and_fills_again_begins_its_ladder_and_its_pauses_anew():
    story = leaving().tell(Rejected("r-1-L-x0", "busy")).tell(Woke(), at_ms=100).fill("r-1-L-x1")

    sent = story.fill(LONG, 1).sent
    story.tell(Rejected("r-1-L-x2", "busy"))

    assert sent == [("r-1-L-x2", Decimal(1), "bounded")]
    assert story.state.retry_at_ns[0] == 200 * MS


def test_an_order_that_is_acknowledged_while_the_trade_is_unwound_is_cancelled_at_once():
    story = Story().tell(Rejected(SHORT, "account"), at_ms=10)

    assert story.tell(Acknowledged(LONG), at_ms=20).of(Cancel) == [Cancel(LONG)]


def test_a_leg_that_may_still_fill_is_waited_for_until_the_deadline():
    story = Story().tell(Acknowledged(LONG)).fill(LONG, 1).tell(Rejected(SHORT, "account"), at_ms=10)

    assert (story.state.phase, story.state.wake_ns) == ("reducing", 260 * MS)


def test_two_legs_that_found_nobody_are_flat():
    story = Story().tell(Reported(LONG, NONE, is_final=True)).tell(Reported(SHORT, NONE, is_final=True))

    assert story.end == "FLAT"


def test_an_unwinding_after_a_balance_has_a_sweep_of_its_own():
    story = Story().fill(LONG).fill(SHORT, 2).tell(Reported(SHORT, Decimal(2), is_final=True))
    for attempt in (1, 2):
        story.tell(Reported(f"r-1-S-e{attempt}", NONE, is_final=True))
    sweeps = []
    for attempt in range(7):
        story.tell(Reported(f"r-1-L-x{attempt}", NONE, is_final=True))
        story.tell(Woke(), at_ms=1000 * (attempt + 1))
        if story.of(Sweep):
            sweeps.append(attempt)
            story.tell(PositionReported((QTY, Decimal(2))))

    assert sweeps == [2, 6]


def test_what_is_not_found_is_not_cancelled_a_second_time():
    story = Story().fill(LONG).tell(AnswerLost(SHORT)).tell(Woke(), at_ms=500)
    story.tell(CancelAnswered(SHORT, accepted=False)).tell(LookedUp(SHORT, None, SERVER_MS, SERVER_MS))

    assert story.of(Cancel) == []


def test_a_lower_goal_has_a_ladder_of_its_own():
    """The long leg is balanced down to the sweep; then somebody closes it further than the short one."""
    story = Story().fill(LONG).fill(SHORT, 3).tell(Reported(SHORT, Decimal(3), is_final=True))
    for attempt in (1, 2):
        story.tell(Reported(f"r-1-S-e{attempt}", NONE, is_final=True))
    for attempt in range(3):
        story.tell(Reported(f"r-1-L-x{attempt}", NONE, is_final=True))
        story.tell(Woke(), at_ms=1000 * (attempt + 1))
    assert story.of(Sweep) == [Sweep()]
    story.tell(PositionReported((QTY, Decimal(3)))).tell(Rejected("r-1-L-x3", "flat")).tell(
        Woke(), at_ms=9000
    )

    sent = story.tell(PositionReported((Decimal(1), Decimal(3)))).sent
    for attempt in range(3):
        story.tell(Reported(f"r-1-S-x{attempt}", NONE, is_final=True))
        story.tell(Woke(), at_ms=9000 + 1000 * (attempt + 1))

    assert sent == [("r-1-S-x0", Decimal(2), "bounded")]
    assert story.of(Sweep) == [Sweep()]


def test_one_position_is_asked_for_at_a_time():
    story = leaving().tell(Rejected("r-1-L-x0", "flat"))

    story.tell(Rejected("r-1-S-x0", "account"))

    assert (story.of(CheckPosition), story.sent) == ([], [])


def test_a_position_that_agrees_is_no_alarm():
    story = leaving().fill("r-1-S-x0").tell(Rejected("r-1-L-x0", "flat"))

    assert story.tell(PositionReported((QTY, NONE))).of(Alarm) == []


def test_why_a_balanced_trade_is_left_is_said():
    balanced = Story().both_filled().fill(LONG, 1).tell(ExitRequested("by_hand"))
    unequal = Story().fill(LONG).fill(SHORT, 2).tell(Reported(SHORT, Decimal(2), is_final=True))
    for attempt in (1, 2):
        unequal.tell(Reported(f"r-1-S-e{attempt}", NONE, is_final=True))

    assert balanced.state.reason == "by_hand"
    assert unequal.tell(ExitRequested("by_hand")).state.reason == "partial_fill"


def test_a_rejection_after_the_acknowledgement_is_a_refusal():
    story = Story().fill(LONG).tell(Reported(SHORT, NONE, is_final=True, is_rejected=True))

    assert story.state.reason == "leg_refused"
    assert story.state.intent(SHORT).refusal == "async"


def test_one_order_that_was_sent_is_enough_not_to_be_refused():
    assert Story().tell(Rejected(LONG, "unreachable")).tell(Rejected(SHORT, "account")).end == "FLAT"


def test_a_refused_cancel_brings_a_planned_look_up_forward():
    story = Story().tell(AnswerLost(LONG))
    for at_ms in (0, 50, 150, 350):
        story.tell(Woke(), at_ms=at_ms).tell(NOT_FOUND_YET)
    assert story.state.intent(LONG).look_at_ns == 750 * MS

    assert story.tell(CancelAnswered(LONG, accepted=False)).of(LookUp) == [LookUp(LONG)]


# Verifying, and the end


def failed_and_closed():
    return Story().fill(LONG).tell(Rejected(SHORT, "account")).fill("r-1-L-x0")


def test_while_the_position_is_asked_for_the_timer_is_for_giving_up():
    assert failed_and_closed().state.wake_ns == 10_000 * MS


def test_a_position_that_is_told_shows_that_the_exchange_is_there():
    story = failed_and_closed().tell(PositionReported((QTY, NONE)), at_ms=9000)

    assert story.state.give_up_ns == 19_000 * MS


def test_a_look_up_brings_no_check_of_the_position_forward():
    """Found by the explorer: all checks passed at once, and a position that lagged was UNRESOLVED."""
    story = Story().fill(LONG).tell(AnswerLost(SHORT)).tell(Woke(), at_ms=500).fill("r-1-L-x0")
    gone = LookedUp(SHORT, None, SERVER_MS + 2001, SERVER_MS)
    assert story.tell(gone, at_ms=3000).of(CheckPosition) == [CheckPosition()]
    assert story.tell(PositionReported((QTY, NONE))).of(LookUp) == [LookUp(SHORT)]

    at_once = story.tell(gone, at_ms=3010).of(CheckPosition)

    assert at_once == []
    assert story.tell(Woke(), at_ms=3100).of(CheckPosition) == [CheckPosition()]


def test_what_fills_after_an_unresolved_end_is_told_without_what_was_held():
    story = leaving().tell(Woke(), at_ms=10_000)
    assert story.end == "UNRESOLVED"

    assert story.fill(LONG, 1).acts == [Alarm("late_fill", "long leg: 1 after the end")]


def test_what_may_be_held_on_top_is_what_did_not_fill():
    story = Story().fill(LONG).tell(AnswerLost(SHORT)).tell(Woke(), at_ms=500).fill("r-1-L-x0")
    story.fill(SHORT, 1).fill("r-1-S-x0", 1)

    story.tell(Woke(), at_ms=10_500)

    assert [(leg.leg, leg.in_doubt_qty) for leg in story.acts[-1].open_legs] == [("short", Decimal(3))]


@pytest.mark.parametrize("refusals", [("flat",), ("account", "flat")])
def test_flat_is_believed_of_a_position_that_a_close_confirms(refusals):
    story = leaving().fill("r-1-S-x0")
    for attempt, refusal in enumerate(refusals):
        story.tell(Rejected(f"r-1-L-x{attempt}", refusal))

    story.tell(Woke(), at_ms=100).tell(FLAT)

    assert story.state.held_qty(0) == 0
