"""The last question of a run, whether all is closed: it is asked again where the exchange is busy."""

import pytest

from synthcore.config import SyntheticConfig
from synthcore.errors import VenueRefused
from synthcore.execution.desk import Desk
from synthcore.virtual_time import VirtualLoop, VirtualTime


class BusyBackend:
    """Refuses the first questions, then says that nothing is held."""

    def __init__(self, refusals):
        self.refusals = refusals

    async def open_orders(self, symbol):
        return []

    async def positions(self, symbol):
        self.refusals -= 1
        if self.refusals >= 0:
            raise VenueRefused(10016, "busy", "busy")
        return []


@pytest.mark.parametrize(("refusals", "is_flat"), [(0, True), (3, True), (100, False)])
def test_a_busy_exchange_is_asked_again_for_a_while(refusals, is_flat):
    time = VirtualTime()
    loop = VirtualLoop(time)
    desk = Desk(
        BusyBackend(refusals), SyntheticConfig(symbols_to_trade=("BTCUSDT",)), lambda symbol: None, clock=time
    )
    desk._count = 1  # a trade was begun

    stopped = loop.run_until_complete(desk._confirm_flat())
    loop.close()

    assert stopped.flat is is_flat
    assert time.monotonic_s() < 10
