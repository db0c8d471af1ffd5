"""What is ours of an account's positions."""

from decimal import Decimal

from synthcore.execution.positions import Positions
from synthcore.model import Position

SYMBOL = "BTCUSDT"


def record(size):
    return Position(symbol=SYMBOL, position_idx=1, side="Buy", size=Decimal(size), entry_price=Decimal(1))


def long_of_ours(before, kept, now):
    positions = Positions()
    positions.set_aside([record(before)])
    positions.keep(SYMBOL, 1, Decimal(kept))
    positions.update(record(now))
    return positions.ours(SYMBOL)[0]


def test_what_was_there_before_is_not_ours_but_for_what_is_kept():
    assert long_of_ours(before=5, kept=2, now=5) == 2


def test_what_was_closed_without_a_record_is_not_ours_any_more():
    assert long_of_ours(before=0, kept=3, now=0) == 0
