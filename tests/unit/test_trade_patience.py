"""How long a trade waits for what, and what it says when it can wait no longer."""

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
    Filled,
    Finish,
    LookedUp,
    LookUp,
    OpenLeg,
    PositionReported,
    Rejected,
    Reported,
    Restarted,
    Send,
    SetTimer,
    StreamDown,
    StreamUp,
    Sweep,
    Woke,
)
from synthcore.execution.trade import MS

NONE = Decimal(0)
NO_ANSWER = PositionReported(None)


def leaving(at_ms=100):
    """A pair whose closes are out."""
    return Story().both_filled().tell(ExitRequested("take_profit"), at_ms=at_ms)


def failed_and_closed():
    """A trade that is flat by all that it knows, and asks the exchange."""
    return Story().fill(LONG).tell(Rejected(SHORT, "account")).fill("r-1-L-x0")


def timer_ms(story):
    return [act.at_ns // MS for act in story.of(SetTimer)]


# Reasons


def refused(story):
    return story.fill(LONG).tell(Rejected(SHORT, "account"))


def timed_out(story):
    return story.fill(LONG).tell(Woke(), at_ms=500)


def unfilled(story):
    story.tell(Reported(LONG, NONE, is_final=True))
    return story.tell(Reported(SHORT, NONE, is_final=True))


def partly_filled(story):
    story.fill(LONG)
    for attempt in range(3):
        story.tell(Reported(f"r-1-S-e{attempt}", NONE, is_final=True))
    return story


def held_too_long(story):
    return story.both_filled().tell(Woke(), at_ms=1000)


def left_by_hand(story):
    return story.tell(ExitRequested("by_hand"))


def restarted(story):
    return story.tell(Restarted())


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (refused, "leg_refused"),
        (timed_out, "leg_timeout"),
        (unfilled, "no_fill"),
        (partly_filled, "partial_fill"),
        (held_too_long, "holding_time"),
        (left_by_hand, "by_hand"),
        (restarted, "recovered"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_trade_says_why_it_was_left(happens, reason):
    assert happens(Story()).state.reason == reason


def test_the_first_reason_stays():
    story = timed_out(Story()).tell(ExitRequested("shutdown"), at_ms=501)

    assert story.state.reason == "leg_timeout"
    assert story.state.exit_reason == "shutdown"


def test_the_wish_to_leave_is_the_reason_of_a_pair_that_is_left():
    assert Story().both_filled().tell(ExitRequested("by_hand")).state.reason == "by_hand"
    assert held_too_long(Story()).state.exit_reason == "holding_time"


# Opening


def test_a_timer_that_is_set_is_not_set_again():
    assert Story().tell(Acknowledged(LONG)).of(SetTimer) == []


def test_a_fill_on_top_of_a_pair_is_closed():
    story = Story().both_filled().fill(LONG, 1)

    assert story.sent == [("r-1-L-x0", Decimal(1), "bounded")]
    assert story.fill("r-1-L-x0", 1).state.phase == "active"


def test_the_leg_timeout_is_set_at_once():
    assert timer_ms(Story()) == [500]


def test_nothing_is_left_before_the_leg_timeout():
    story = Story().fill(LONG).tell(Woke(), at_ms=499)

    assert (story.of(Cancel), story.state.phase) == ([], "opening")


def test_a_pair_is_held_until_its_time_is_up():
    assert timer_ms(Story().both_filled().tell(Woke(), at_ms=999)) == [1000]


def test_a_remainder_below_the_smallest_order_is_not_sent():
    half = Decimal("0.5")
    story = Story().fill(LONG).fill(SHORT, QTY - half)

    story.tell(Reported(SHORT, QTY - half, is_final=True))

    assert story.sent == [("r-1-L-x0", half, "bounded")]


def test_a_remainder_of_the_smallest_order_is_sent():
    story = Story().fill(LONG).fill(SHORT, 3).tell(Reported(SHORT, Decimal(3), is_final=True))

    assert story.sent == [("r-1-S-e1", Decimal(1), "entry")]


def test_nothing_is_sent_again_while_neither_leg_filled():
    assert Story().tell(Reported(SHORT, NONE, is_final=True)).sent == []


# Settling


def test_a_leg_that_may_still_fill_is_closed_once_its_cancel_tells_how_much():
    story = Story().tell(Acknowledged(LONG)).fill(LONG, 2).tell(Rejected(SHORT, "account"))
    waited = story.sent

    story.tell(Reported(LONG, Decimal(3), is_final=True))

    assert waited == []
    assert story.sent == [("r-1-L-x0", Decimal(3), "bounded")]


def test_a_retry_without_an_answer_is_waited_for_before_its_leg_is_closed():
    story = Story().fill(LONG, 2).tell(Reported(LONG, Decimal(2), is_final=True))

    assert story.tell(Rejected(SHORT, "account")).sent == []


def test_a_refusal_after_the_acknowledgement_is_looked_up():
    story = Story().tell(Acknowledged(LONG)).tell(Rejected(LONG, "busy"))

    assert story.of(LookUp) == [LookUp(LONG)]
    assert story.state.intent(LONG).known == "live"


def test_a_silent_cancel_is_waited_for_only_so_long():
    story = Story().fill(LONG).tell(Acknowledged(SHORT)).tell(Woke(), at_ms=500)
    before = story.tell(Woke(), at_ms=749).sent

    after = story.tell(Woke(), at_ms=750).sent

    assert (before, after) == ([], [("r-1-L-x0", QTY, "bounded")])


def test_an_order_without_an_answer_is_doubted_at_the_leg_timeout():
    story = Story().fill(LONG).tell(Woke(), at_ms=500)

    assert story.of(LookUp) == [LookUp(SHORT)]
    assert story.state.intent(SHORT).known == "unknown"


def test_an_order_that_nobody_answers_is_cancelled_while_the_trade_is_unwound():
    story = Story().tell(AnswerLost(LONG)).tell(ExitRequested("by_hand"), at_ms=100)
    before = story.of(Cancel)

    story.tell(Woke(), at_ms=350)

    assert (before, story.of(Cancel)) == ([Cancel(LONG)], [Cancel(SHORT)])


def test_an_accepted_cancel_is_looked_up_when_the_stream_is_silent():
    story = Story().fill(LONG).tell(Acknowledged(SHORT)).tell(Woke(), at_ms=500)
    story.tell(CancelAnswered(SHORT, accepted=True), at_ms=510)

    assert story.of(LookUp) == []
    assert story.tell(Woke(), at_ms=560).of(LookUp) == [LookUp(SHORT)]


def test_an_order_that_is_still_open_is_cancelled_again():
    story = Story().fill(LONG).tell(Acknowledged(SHORT)).tell(Woke(), at_ms=500)
    story.tell(CancelAnswered(SHORT, accepted=False), at_ms=510)

    story.tell(LookedUp(SHORT, Reported(SHORT, NONE, is_final=False), SERVER_MS, SERVER_MS))

    assert story.of(Cancel) == [Cancel(SHORT)]


# Looking up


def test_look_ups_come_at_longer_and_longer_times():
    story = Story().tell(AnswerLost(LONG))
    waits = []
    for _ in range(7):
        story.tell(LookedUp(LONG, None, SERVER_MS, SERVER_MS))
        due_ns = story.state.intent(LONG).look_at_ns
        waits.append(due_ns // MS - story.now_ns // MS)
        story.tell(Woke(), at_ms=due_ns // MS)

    assert waits == [50, 100, 200, 400, 800, 1000, 1000]


def test_the_last_look_up_comes_as_soon_as_not_found_can_be_believed():
    story = Story().tell(AnswerLost(LONG))
    for asked_ms, doubtful_ms in ((0, 3000), (100, 2900), (500, 2500), (2900, 100)):
        story.tell(LookedUp(LONG, None, SERVER_MS, SERVER_MS + doubtful_ms - 2000), at_ms=asked_ms)

    assert story.state.intent(LONG).look_at_ns == (2900 + 101) * MS


def test_one_look_up_is_out_at_a_time():
    story = Story().tell(AnswerLost(LONG))

    assert story.tell(Woke(), at_ms=400).of(LookUp) == []
    assert LookUp(LONG) not in story.tell(StreamUp()).of(LookUp)


def test_when_the_stream_comes_back_look_ups_begin_anew_with_short_waits():
    story = Story().tell(AnswerLost(LONG))
    for at_ms in (0, 50, 150):
        story.tell(Woke(), at_ms=at_ms).tell(LookedUp(LONG, None, SERVER_MS, SERVER_MS))

    story.tell(StreamUp(), at_ms=200).tell(LookedUp(LONG, None, SERVER_MS, SERVER_MS))

    assert story.state.intent(LONG).look_at_ns == 250 * MS


@pytest.mark.parametrize("event", [StreamDown(), StreamUp()], ids=["down", "up"])
def test_when_the_stream_breaks_or_comes_back_every_open_order_is_looked_up(event):
    story = (
        Story()
        .tell(Acknowledged(LONG))
        .fill(SHORT)
        .tell(StreamDown())
        .tell(LookedUp(LONG, Reported(LONG, NONE, is_final=False), SERVER_MS, SERVER_MS))
    )

    story.tell(event)

    assert story.of(LookUp) == [LookUp(LONG)]


def test_a_close_is_given_the_time_to_be_answered():
    story = Story().fill(LONG).tell(AnswerLost(SHORT)).tell(Woke(), at_ms=500).fill("r-1-L-x0")
    story.fill(SHORT, at_ms=900)

    assert story.tell(Woke(), at_ms=901).of(LookUp) == []


def test_a_close_that_is_over_is_not_looked_up():
    story = leaving().fill("r-1-S-x0").tell(Woke(), at_ms=300)

    assert story.of(LookUp) == [LookUp("r-1-L-x0")]


# Closing


@pytest.mark.parametrize("error_class", ["busy", "unreachable", "auth_clock"])
def test_a_refusal_that_passes_is_waited_out(error_class):
    story = leaving().tell(Rejected("r-1-L-x0", error_class), at_ms=110)

    assert (story.sent, timer_ms(story)) == ([], [210])


@pytest.mark.parametrize("error_class", ["account", "ours"])
def test_a_refusal_that_stays_climbs_the_ladder_at_once(error_class):
    story = leaving().tell(Rejected("r-1-L-x0", error_class), at_ms=110)

    assert story.sent == [("r-1-L-x1", QTY, "market")]


def test_pauses_double_up_to_a_second():
    story = leaving(at_ms=0).fill("r-1-S-x0")
    waits = []
    for attempt in range(6):
        story.tell(Rejected(f"r-1-L-x{attempt}", "busy"))
        due_ns = story.state.retry_at_ns[0]
        waits.append((due_ns - story.now_ns) // MS)
        story.tell(Woke(), at_ms=due_ns // MS)

    assert waits == [100, 200, 400, 800, 1000, 1000]


def test_a_pause_begins_anew_after_an_order_that_was_taken():
    story = leaving(at_ms=0).fill("r-1-S-x0").tell(Rejected("r-1-L-x0", "busy")).tell(Woke(), at_ms=100)
    story.tell(Reported("r-1-L-x1", NONE, is_final=True))

    assert story.tell(Rejected("r-1-L-x2", "busy")).state.retry_at_ns[0] == 200 * MS


def test_a_close_that_filled_in_part_goes_on_with_the_rest():
    story = leaving().fill("r-1-S-x0").fill("r-1-L-x0", 1)

    story.tell(Reported("r-1-L-x0", Decimal(1), is_final=True))

    assert story.sent == [("r-1-L-x1", Decimal(3), "market")]


def test_a_position_without_an_answer_is_asked_for_again():
    story = leaving().fill("r-1-S-x0").tell(Rejected("r-1-L-x0", "flat"))
    silent = story.tell(NO_ANSWER).of(CheckPosition)

    assert silent == []
    assert story.tell(Woke(), at_ms=200).of(CheckPosition) == [CheckPosition()]


def test_a_position_that_was_asked_for_is_heard_before_the_end():
    story = leaving().fill("r-1-S-x0").tell(Rejected("r-1-L-x0", "flat"))

    before = story.fill("r-1-L-x0").end

    assert (before, story.tell(FLAT).end) == (None, "CLOSED")


def test_what_somebody_else_closed_is_told():
    story = leaving().fill("r-1-S-x0").tell(Rejected("r-1-L-x0", "flat")).tell(FLAT)

    assert story.of(Alarm) == [Alarm("position_disagrees", "long leg: 4 closed by someone else")]


def test_a_balance_that_fails_becomes_an_unwinding():
    story = partly_balancing()
    for attempt in range(4):
        if attempt:
            story.tell(Woke(), at_ms=1000 * attempt)
        if story.of(Sweep):
            story.tell(PositionReported((QTY, Decimal(2))))
        story.tell(Reported(f"r-1-L-x{attempt}", NONE, is_final=True))
    story.tell(Woke(), at_ms=4000)

    assert [send.link_id for send in story.of(Send)] == ["r-1-L-x4", "r-1-S-x0"]
    assert [send.qty for send in story.of(Send)] == [QTY, Decimal(2)]
    assert [send.pricing for send in story.of(Send)] == ["bounded", "bounded"]


def test_a_wish_to_leave_ends_the_balancing():
    story = partly_balancing().tell(ExitRequested("by_hand"))

    assert story.sent == [("r-1-S-x0", Decimal(2), "bounded")]


def partly_balancing():
    """Four long, two short; two of the long ones are being closed."""
    story = Story().fill(LONG).fill(SHORT, 2).tell(Reported(SHORT, Decimal(2), is_final=True))
    for attempt in (1, 2):
        story.tell(Reported(f"r-1-S-e{attempt}", NONE, is_final=True))
    return story


def test_no_timer_rings_while_the_position_decides():
    """Found by the explorer: a timer in the past rang again and again until the position was told."""
    story = Story().tell(Acknowledged(LONG)).fill(LONG, 1).tell(Rejected(SHORT, "account"), at_ms=10)
    story.tell(Woke(), at_ms=260)  # the cancel is silent: what is known to be held is closed
    assert story.sent == [("r-1-L-x0", Decimal(1), "bounded")]

    story.tell(Rejected("r-1-L-x0", "flat"), at_ms=270)

    assert story.of(CheckPosition) == [CheckPosition()]
    assert story.state.wake_ns > story.now_ns


def test_an_order_without_an_answer_is_doubted_while_the_trade_is_unwound():
    story = Story().tell(Rejected(SHORT, "account"), at_ms=10)

    due_ms = timer_ms(story)
    story.tell(Woke(), at_ms=260)

    assert due_ms == [260]
    assert (story.of(Cancel), story.of(LookUp)) == ([Cancel(LONG)], [LookUp(LONG)])


def test_a_close_that_is_refused_for_good_is_tried_again_at_growing_pauses():
    story, waits = leaving(at_ms=0).fill("r-1-S-x0"), []
    for attempt in range(6):
        story.tell(Rejected(f"r-1-L-x{attempt}", "account"))
        if attempt:
            waits.append(story.state.retry_at_ns[0] // MS - story.now_ns // MS)
            story.tell(Woke(), at_ms=story.state.retry_at_ns[0] // MS)
        if story.of(Sweep):
            story.tell(PositionReported((QTY, NONE)))

    assert waits == [100, 200, 400, 800, 1000]
    assert story.fill("r-1-L-x6").end == "CLOSED"


def written_down_to_a_pair():
    """A pair again: a leg that should be balanced was closed by somebody, as its second close found out."""
    story = partly_balancing().tell(Reported("r-1-L-x0", NONE, is_final=True))
    story.tell(Rejected("r-1-L-x1", "flat")).tell(Woke(), at_ms=100)
    return story.tell(PositionReported((Decimal(2), Decimal(2))))


def test_pauses_begin_anew_when_a_pair_is_left():
    story = written_down_to_a_pair()
    assert story.state.phase == "active"

    story.tell(ExitRequested("by_hand")).tell(Rejected("r-1-L-x2", "busy"))

    assert story.state.retry_at_ns[0] - story.now_ns == 100 * MS


def test_each_unwinding_has_a_sweep_of_its_own():
    story = partly_balancing()
    assert sweeps_of(story, range(4)) == 1
    story.fill(story.state.closes(0)[-1].link_id, 2)
    assert story.state.phase == "active"

    story.tell(ExitRequested("by_hand")).fill("r-1-S-x0", 2)

    assert sweeps_of(story, range(4, 8)) == 1


def sweeps_of(story, attempts):
    """How often it is swept while the long leg's closes find nobody, all but the last."""
    sweeps = 0
    for attempt in attempts:
        story.tell(Woke(), at_ms=story.now_ns // MS + 1000)
        if story.of(Sweep):
            sweeps += 1
            story.tell(PositionReported((story.state.held_qty(0), story.state.held_qty(1))))
        if attempt != attempts[-1]:
            story.tell(Reported(f"r-1-L-x{attempt}", NONE, is_final=True))
            if story.of(Sweep):
                sweeps += 1
                story.tell(PositionReported((story.state.held_qty(0), story.state.held_qty(1))))
    return sweeps


# Giving up


def test_unwinding_is_given_up_after_ten_seconds_and_names_both_legs():
    story = leaving(at_ms=100)
    before = story.tell(Woke(), at_ms=10_099).end

    story.tell(Woke(), at_ms=10_100)

    assert before is None
    assert why_of(story) == (
        "the exchange was silent for 10 s; the long leg holds 4; the short leg holds 4;"
        " what became of long close 0 is not known; what became of short close 0 is not known"
    )
    assert story.of(Finish) == [
        Finish(
            "UNRESOLVED",
            "take_profit",
            (OpenLeg("BTCUSDT", "long", QTY), OpenLeg("BTCUSDT", "short", QTY)),
        )
    ]


def why_of(story):
    """What the alarm says behind `could not be proven flat`."""
    (alarm,) = story.of(Alarm)
    before, _, why = alarm.detail.partition(" flat: ")
    assert (alarm.kind, before) == ("unresolved", "BTCUSDT: could not be proven")
    return why


def test_an_exchange_that_answers_and_lets_nobody_out_is_told():
    story = leaving(at_ms=0).fill("r-1-S-x0")
    for at_ms in range(5_000, 30_000, 5_000):
        story.tell(LookedUp("r-1-L-x0", None, SERVER_MS, SERVER_MS), at_ms=at_ms)

    story.tell(Woke(), at_ms=30_000)

    assert why_of(story) == (
        "30 s of unwinding are over; the long leg holds 4; what became of long close 0 is not known"
    )


def test_nothing_is_sent_once_the_other_leg_is_given_up():
    story = leaving(at_ms=0)
    story.tell(Rejected("r-1-S-x0", "busy"), at_ms=10)

    story.tell(Rejected("r-1-L-x0", "shut_out"), at_ms=110)

    assert [finish.end for finish in story.of(Finish)] == ["UNRESOLVED"]
    assert story.sent == []
    assert why_of(story) == (
        "the exchange takes nothing from our address; the long leg holds 4, its last close was refused"
        " (shut_out); the short leg holds 4, its last close was refused (busy)"
    )


def test_an_order_that_is_not_cleared_up_is_named_as_in_doubt():
    story = Story().fill(LONG).tell(AnswerLost(SHORT)).tell(Woke(), at_ms=500).fill("r-1-L-x0")

    story.tell(Woke(), at_ms=10_500)

    assert story.of(Finish)[0].open_legs == (OpenLeg("BTCUSDT", "short", NONE, QTY),)
    assert why_of(story) == "the exchange was silent for 10 s; what became of short entry 0 is not known"


def test_flat_by_every_fill_and_never_confirmed_names_what_was_traded():
    story = failed_and_closed().tell(Woke(), at_ms=10_000)

    assert story.of(Finish)[0].end == "UNRESOLVED"
    assert story.of(Finish)[0].open_legs == (OpenLeg("BTCUSDT", "long", NONE),)
    assert why_of(story) == (
        "the exchange was silent for 10 s; all is closed by our orders, and no position confirmed it"
    )


@pytest.mark.parametrize(
    "answer",
    [
        Acknowledged("r-1-L-x0"),
        Reported("r-1-L-x0", NONE, is_final=False),
        Filled("r-1-L-x0", "x", Decimal(1)),
        Rejected("r-1-L-x0", "busy"),
        LookedUp("r-1-L-x0", None, SERVER_MS, SERVER_MS),
        CancelAnswered("r-1-L-x0", accepted=True),
        PositionReported((QTY, QTY)),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_exchange_that_answers_is_not_given_up(answer):
    story = leaving(at_ms=100).tell(answer, at_ms=10_000)

    assert story.tell(Woke(), at_ms=19_999).end is None
    assert story.tell(Woke(), at_ms=20_000).end == "UNRESOLVED"


@pytest.mark.parametrize(
    "silence",
    [
        AnswerLost("r-1-L-x0"),
        Rejected("r-1-L-x0", "unreachable"),
        Rejected("r-1-L-x0", "unsent"),
        LookedUp("r-1-L-x0", None, SERVER_MS, SERVER_MS, failed=True),
        CancelAnswered("r-1-L-x0", accepted=False),
        NO_ANSWER,
        StreamUp(),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_shows_no_exchange_buys_no_time(silence):
    story = leaving(at_ms=100).tell(silence, at_ms=10_000)

    assert story.tell(Woke(), at_ms=10_100).end == "UNRESOLVED"


def test_an_exchange_that_answers_and_lets_nobody_out_is_given_up_after_thirty_seconds():
    story = leaving(at_ms=0)
    for at_ms in range(1000, 30_000, 1000):
        story.tell(LookedUp("r-1-L-x0", None, SERVER_MS, SERVER_MS), at_ms=at_ms)
    before = story.tell(Woke(), at_ms=29_999).end

    assert before is None
    assert story.tell(Woke(), at_ms=30_000).end == "UNRESOLVED"


def test_nothing_is_cancelled_any_more_once_it_is_given_up():
    story = Story().fill(LONG).tell(Acknowledged(SHORT)).tell(ExitRequested("by_hand"), at_ms=0)
    story.tell(Woke(), at_ms=250).tell(CancelAnswered(SHORT, accepted=True), at_ms=29_000)

    story.tell(LookedUp(SHORT, Reported(SHORT, NONE, is_final=False), SERVER_MS, SERVER_MS), at_ms=30_250)

    assert (story.end, story.of(Cancel)) == ("UNRESOLVED", [])


def test_one_lost_close_after_the_other_does_not_use_up_the_patience():
    story, at_ms = leaving(at_ms=0).fill("r-1-S-x0"), 0
    for _ in range(5):
        story.tell(AnswerLost("r-1-L-x0"))
        at_ms += 3000
        story.tell(LookedUp("r-1-L-x0", None, SERVER_MS + 2001, SERVER_MS), at_ms=at_ms)
        if story.of(Sweep):
            story.tell(PositionReported((QTY, NONE)))
        assert [send.link_id for send in story.of(Send)] == ["r-1-L-x0"]

    assert story.fill("r-1-L-x0").of(CheckPosition) == []
    assert story.end == "CLOSED"


# Verifying


def test_a_position_that_disagrees_is_asked_for_again_after_longer_and_longer_pauses():
    story, waits = failed_and_closed(), []
    for _ in range(5):
        story.tell(PositionReported((QTY, NONE)))
        waits.append((story.state.check_at_ns - story.now_ns) // MS)
        story.tell(Woke(), at_ms=story.state.check_at_ns // MS)
        assert story.of(CheckPosition) == [CheckPosition()]

    story.tell(PositionReported((QTY, NONE)))

    assert waits == [100, 200, 400, 800, 1000]
    assert story.state.checks == 5
    assert story.of(Alarm) == [Alarm("position_disagrees", "the exchange holds 4 long, 0 short")]
    assert story.of(Finish) == [Finish("UNRESOLVED", "leg_refused", (OpenLeg("BTCUSDT", "long", QTY),))]


def test_flat_at_the_last_check_is_flat():
    story = failed_and_closed()
    for _ in range(5):
        story.tell(PositionReported((QTY, NONE))).tell(Woke(), at_ms=story.state.check_at_ns // MS)

    assert story.tell(FLAT).of(Finish) == [Finish("FAILED_FLAT", "leg_refused")]


def test_a_check_without_an_answer_is_made_again_after_a_pause():
    story = failed_and_closed().tell(NO_ANSWER)

    assert (story.of(CheckPosition), timer_ms(story)) == ([], [100])


def test_one_check_is_out_at_a_time():
    assert failed_and_closed().tell(Woke(), at_ms=50).of(CheckPosition) == []


def test_what_was_taken_for_closed_by_others_and_is_there_is_closed():
    story = leaving().fill("r-1-S-x0").tell(Rejected("r-1-L-x0", "flat")).tell(FLAT)

    story.tell(PositionReported((QTY, NONE)))

    assert story.sent == [("r-1-L-x1", QTY, "market")]


def test_an_order_that_was_believed_to_be_nothing_is_looked_up_when_something_is_there():
    story = Story().fill(LONG).tell(AnswerLost(SHORT)).tell(Woke(), at_ms=500).fill("r-1-L-x0")
    story.tell(LookedUp(SHORT, None, SERVER_MS + 2001, SERVER_MS), at_ms=3000)

    story.tell(PositionReported((NONE, QTY)))

    assert story.of(LookUp) == [LookUp(SHORT)]
    assert story.state.intent(SHORT).known == "unknown"


# After a crash, and after the end


def test_after_a_restart_every_open_order_is_looked_up_and_every_clock_starts_anew():
    story = Story().fill(LONG).tell(Restarted(), at_ms=90_000)

    assert story.of(LookUp) == [LookUp(SHORT)]
    assert story.sent == [("r-1-L-x0", QTY, "bounded")]
    assert story.state.give_up_ns == 100_000 * MS


def test_after_a_restart_no_cancel_of_before_is_waited_for():
    story = Story().tell(Acknowledged(LONG)).fill(LONG, 1).tell(Rejected(SHORT, "account"), at_ms=10)
    before = story.sent

    story.tell(Restarted(), at_ms=100)

    assert before == []
    assert story.sent == [("r-1-L-x0", Decimal(1), "bounded")]


def test_a_restart_forgets_questions_that_nobody_will_answer():
    story = failed_and_closed()

    assert story.tell(Restarted(), at_ms=1).of(CheckPosition) == [CheckPosition()]


def test_a_restart_looks_up_what_was_resting():
    story = Story().tell(Acknowledged(SHORT)).tell(Restarted())

    assert story.of(LookUp) == [LookUp(LONG), LookUp(SHORT)]


@pytest.mark.parametrize("error_class", ["unreachable", "unsent"])
def test_what_never_left_is_refused(error_class):
    assert Story().tell(Rejected(LONG, error_class)).tell(Rejected(SHORT, error_class)).end == "REFUSED"


def test_a_restart_asks_again_for_an_order_that_was_being_looked_up():
    assert Story().tell(AnswerLost(LONG)).tell(Restarted()).of(LookUp) == [LookUp(LONG), LookUp(SHORT)]


def test_a_fill_after_the_end_is_told():
    story = Story().both_filled().tell(ExitRequested("x")).fill("r-1-L-x0").fill("r-1-S-x0")
    assert story.end == "CLOSED"

    story.fill(LONG, 1)

    assert story.acts == [Alarm("late_fill", "long leg: 1 after the end")]


def test_an_answer_that_comes_after_the_doubt_begins_the_look_ups_anew():
    """The stream may be down: nothing but a look-up tells what the late order filled."""
    story = Story().fill(LONG).tell(AnswerLost(SHORT))
    for at_ms in (0, 100, 300):
        story.tell(LookedUp(SHORT, None, asked_at_ms=SERVER_MS, valid_until_ms=SERVER_MS), at_ms=at_ms)
    far_ns = story.state.intent(SHORT).look_at_ns

    story.tell(Acknowledged(SHORT), at_ms=310)

    assert far_ns > 310 * MS + RULES.first_look_ns
    assert story.state.intent(SHORT).look_at_ns == 310 * MS + RULES.first_look_ns
    assert story.of(SetTimer)[-1].at_ns == 310 * MS + RULES.first_look_ns
    story.tell(Woke(), at_ms=360).tell(LookedUp(SHORT, Reported(SHORT, NONE, False)))
    assert story.state.intent(SHORT).look_at_ns == 360 * MS + RULES.first_look_ns
    story.tell(Woke(), at_ms=410).tell(LookedUp(SHORT, Reported(SHORT, QTY, True)))
    assert story.state.held_qty(1) == QTY
