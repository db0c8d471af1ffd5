"""A day's loss and failures in a row stop entries; nothing else does."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcore.risk.losses import DAY_NS, LossGuard

NOON = 20_000 * DAY_NS + DAY_NS // 2
FAILED = ("FAILED_FLAT", "leg_timeout", False)
WON = ("CLOSED", "take_profit", True)


def guard(**changes):
    return LossGuard(**({"max_daily_loss": 50.0, "max_failures": 3, "epoch_ns": NOON} | changes))


@given(st.lists(st.floats(-100, 100), max_size=20))
def test_entries_stop_exactly_when_the_day_s_costs_reach_the_limit(costs):
    subject = guard()
    for cost in costs:
        subject.on_cost(cost, NOON)

    assert (subject.reason() is not None) == (sum(map(Decimal, map(repr, costs)), Decimal(0)) >= 50)


def test_ten_times_a_tenth_is_one():
    subject = guard(max_daily_loss=1.0)
    for _ in range(10):
        subject.on_cost(0.1, NOON)

    assert subject.reason() is not None


def test_what_an_earlier_process_lost_that_day_counts():
    subject = guard(lost_usdt=Decimal("49.5"))
    assert subject.reason() is None

    subject.on_cost(0.5, NOON)

    assert subject.reason() == (
        "the day's loss must stay below max_daily_loss 50.0 USDT, it is 50.0000 (real cost since 00:00 UTC)"
    )


def test_a_new_utc_day_begins_at_zero():
    subject = guard(lost_usdt=Decimal("49.5"))

    subject.on_cost(1.0, NOON + DAY_NS // 2)

    assert subject.reason() is None
    assert subject.lost_usdt == 1


def test_without_a_limit_no_loss_is_too_much():
    subject = guard(max_daily_loss=None)
    subject.on_cost(1e9, NOON)

    assert subject.reason() is None


def test_failures_in_a_row_stop_entries_and_a_success_between_them_does_not():
    subject = guard()
    for end in (FAILED, FAILED, WON, FAILED, FAILED):
        subject.on_end(*end)
    assert subject.reason() is None

    subject.on_end(*FAILED)

    assert subject.reason() == "3 trades in a row failed (max_consecutive_failures 3)"


@pytest.mark.parametrize(
    ("end", "reason"),
    [("FLAT", "leg_timeout"), ("FAILED_FLAT", "shutdown"), ("FLAT", "by hand: news"), ("FLAT", "flatten")],
)
def test_an_end_that_was_asked_for_or_a_missed_price_counts_neither_way(end, reason):
    subject = guard()
    for _ in range(2):
        subject.on_end(*FAILED)
    for _ in range(5):
        subject.on_end(end, reason, False)
    assert subject.reason() is None

    subject.on_end(*FAILED)

    assert subject.reason() is not None
