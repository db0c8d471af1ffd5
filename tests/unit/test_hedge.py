from decimal import Decimal

from synthcore.execution.events import Acknowledged, Event, LookedUp, Reported
from synthcore.execution.hedge import HedgeClock
from synthcore.execution.trade import MS
from tests.support.trade_story import LONG, QTY, SERVER_MS, SHORT, Story


class Timed(Story):
    """A story whose hedge is timed, as the driver does it."""

    def __init__(self) -> None:
        super().__init__()
        self.hedge = HedgeClock(0)
        self.hedge.on_sent(1 * MS)

    def tell(self, event: Event, at_ms: int | None = None):
        before = self.state
        super().tell(event, at_ms)
        self.hedge.on_quantities(before, self.state, self.now_ns)
        return self

    def metrics(self, at_ms: int):
        return self.hedge.metrics(at_ms * MS)


def found(link_id: str, qty: Decimal) -> LookedUp:
    return LookedUp(link_id, Reported(link_id, qty, is_final=True, is_rejected=False), SERVER_MS, SERVER_MS)


def test_the_time_between_the_legs_fills_is_the_gap_and_the_exposure():
    times = Timed().fill(LONG, at_ms=3).fill(SHORT, at_ms=10).metrics(at_ms=99)

    assert (times.fill_long_ns, times.fill_short_ns) == (2 * MS, 9 * MS)
    assert (times.gap_ns, times.exposed_ns) == (7 * MS, 7 * MS)


def test_a_fill_that_only_a_look_up_tells_counts():
    story = Timed().tell(Acknowledged(SHORT)).fill(LONG, at_ms=3)

    times = story.tell(found(SHORT, QTY), at_ms=23).metrics(at_ms=99)

    assert (times.fill_short_ns, times.gap_ns, times.exposed_ns) == (22 * MS, 20 * MS, 20 * MS)


def test_a_trade_that_ends_with_a_leg_open_is_exposed_until_its_end():
    assert Timed().fill(LONG, at_ms=3).metrics(at_ms=40).exposed_ns == 37 * MS


def test_partial_fills_end_the_exposure_only_when_the_legs_are_equal():
    story = Timed().fill(LONG, at_ms=2).fill(SHORT, qty=1, at_ms=4).fill(SHORT, qty=QTY - 1, at_ms=9)

    assert story.metrics(at_ms=50).exposed_ns == 7 * MS
