"""Whose a position is, by lists of fills that may begin in the middle of a trade."""

from decimal import Decimal

import pytest

from synthcore.execution.shares import shares_of
from synthcore.model import Fill

RUN = "st12345678"
NOTHING = Decimal(0)


def fill(side, qty, link_id, *, closes):
    return Fill(
        symbol="BTCUSDT",
        exec_id="x",
        order_id="o",
        link_id=link_id,
        side=side,
        price=Decimal(60000),
        qty=Decimal(qty),
        fee=NOTHING,
        is_maker=False,
        closed_qty=Decimal(qty) if closes else NOTHING,
    )


def ours(leg, kind, qty, trade="1"):
    side = "Buy" if (leg, kind) in (("L", "e"), ("S", "x")) else "Sell"
    return fill(side, qty, f"{RUN}-{trade}-{leg}-{kind}0", closes=kind == "x")


def theirs(side, qty, *, closes=False):
    return fill(side, qty, "hand-1", closes=closes)


def held(oldest_first, long, short=0):
    shares = shares_of(reversed(oldest_first), (Decimal(long), Decimal(short)))
    return [{key.removeprefix(f"{RUN}-"): int(qty) for key, qty in side.items()} for side in shares]


@pytest.mark.parametrize(
    ("oldest_first", "sizes", "long", "short"),
    [
        ([], (0, 0), {}, {}),
        ([ours("L", "e", 3), ours("S", "e", 3)], (3, 3), {"1": 3}, {"1": 3}),
        ([ours("L", "e", 3), ours("S", "e", 3), ours("L", "x", 2)], (1, 3), {"1": 1}, {"1": 3}),
        # Equal times are in no order: a close may be listed before what it closes.
        ([ours("L", "x", 3), ours("L", "e", 3)], (0, 0), {}, {}),
    ],
    ids=["nothing", "both", "closed in part", "out of order"],
)
def test_our_trades_hold_what_their_orders_left(oldest_first, sizes, long, short):
    assert held(oldest_first, *sizes) == [long, short]


def test_a_close_whose_entry_is_listed_no_more_takes_nothing_off_another_trade():
    oldest_first = [ours("L", "x", 3), ours("L", "e", 3, trade="2"), ours("S", "e", 3, trade="2")]

    assert held(oldest_first, 3, 3) == [{"2": 3}, {"2": 3}]


@pytest.mark.parametrize("trade", ["0r0", "0BTCUSDT"], ids=["a recovery", "the end of a run"])
def test_what_closes_other_trades_legs_takes_from_the_oldest(trade):
    oldest_first = [ours("L", "e", 3), ours("L", "e", 3, trade="2"), ours("L", "x", 4, trade=trade)]

    assert held(oldest_first, 2)[0] == {"2": 2}


@pytest.mark.parametrize(
    ("oldest_first", "size", "left"),
    [
        # Somebody closed our leg by hand, and opened as much of his own.
        ([ours("L", "e", 3), theirs("Sell", 3, closes=True), theirs("Buy", 3)], 3, {}),
        # He closes what is his, not ours.
        ([theirs("Buy", 5), ours("L", "e", 3), theirs("Sell", 5, closes=True)], 3, {"1": 3}),
        # He had it before the list begins.
        ([ours("L", "e", 3), theirs("Sell", 5, closes=True)], 3, {"1": 3}),
        # More than was his: the rest was ours.
        ([theirs("Buy", 5), ours("L", "e", 3), theirs("Sell", 6, closes=True)], 2, {"1": 2}),
    ],
    ids=["ours", "theirs", "theirs of before", "both"],
)
def test_what_others_close_is_theirs_as_far_as_they_hold_something(oldest_first, size, left):
    assert held(oldest_first, size)[0] == left


def test_the_other_side_is_another_position():
    oldest_first = [ours("S", "e", 3), theirs("Sell", 5, closes=True)]

    assert held(oldest_first, 0, 3) == [{}, {"1": 3}]
