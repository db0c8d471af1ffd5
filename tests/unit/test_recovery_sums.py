"""What recovery makes of a list of fills that begins in the middle of a trade."""

from decimal import Decimal

import pytest

from synthcore.execution.recovery import left_by
from synthcore.model import Fill

RUN = "st12345678"
NOTHING = Decimal(0)


def fill(leg, kind, qty, trade=1):
    return Fill(
        symbol="BTCUSDT",
        exec_id=f"{trade}{leg}{kind}",
        order_id="o",
        link_id=f"{RUN}-{trade}-{leg}-{kind}0",
        side="Buy" if (leg, kind) in (("L", "e"), ("S", "x")) else "Sell",
        price=Decimal(60000),
        qty=Decimal(qty),
        fee=NOTHING,
        is_maker=False,
    )


@pytest.mark.parametrize(
    ("oldest_first", "left"),
    [
        ([fill("L", "e", 3), fill("S", "e", 3)], (3, 3)),
        ([fill("L", "e", 3), fill("S", "e", 3), fill("L", "x", 2)], (1, 3)),
        # The entry of the first trade's long leg is listed no more: its exit is no reason to hold on to the
        # second trade's.
        ([fill("L", "x", 3), fill("L", "e", 3, trade=2), fill("S", "e", 3, trade=2)], (3, 3)),
        ([], (0, 0)),
    ],
)
def test_what_is_left_of_the_last_fills(oldest_first, left):
    assert left_by(reversed(oldest_first)) == left
