"""What we hold by the exchange's word, and whether the stream alone can be believed."""

from decimal import Decimal

from synthcore.execution.positions import Positions
from synthcore.model import Position


def records(long: str, short: str) -> list[Position]:
    return [
        Position(symbol="BTCUSDT", position_idx=side, side=name, size=Decimal(size), entry_price=Decimal(0))
        for side, name, size in ((1, "Buy", long), (2, "Sell", short))
    ]


def test_the_stream_is_followed_from_a_query_until_it_breaks():
    positions = Positions()

    unknown = positions.is_followed("BTCUSDT")
    positions.set_aside(records("0", "0"))
    followed = positions.is_followed("BTCUSDT")
    positions.lose_track()
    broken = positions.is_followed("BTCUSDT")
    positions.query_answered(records("0", "0"))

    assert (unknown, followed, broken) == (False, True, False)
    assert positions.is_followed("BTCUSDT")


def test_a_record_of_the_stream_alone_does_not_begin_to_follow():
    positions = Positions()

    positions.update(records("0", "0")[0])

    assert not positions.is_followed("BTCUSDT")
