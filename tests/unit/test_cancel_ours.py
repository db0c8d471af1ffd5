"""What a sweep cancels: the orders of this run and of trades that it took over, and nobody else's."""

import asyncio
from types import SimpleNamespace

import pytest

from synthcore.config import SyntheticConfig
from synthcore.execution.desk import Desk

RUN = "stnew000001"
OLD = "stold000001-7"


class Backend:
    """Has these orders open, and notes what is cancelled."""

    def __init__(self, *link_ids):
        self.link_ids = link_ids
        self.cancelled = []

    async def open_orders(self, symbol):
        return [SimpleNamespace(link_id=link_id) for link_id in self.link_ids]

    async def cancel(self, symbol, link_id):
        self.cancelled.append(link_id)


@pytest.mark.parametrize(
    ("link_id", "is_cancelled"),
    [
        (f"{RUN}-3-L-e0", True),
        (f"{OLD}-S-e1", True),
        ("stold000001-70-S-e1", False),  # another trade of that run: nobody took it over
        ("somebody-1-L-e0", False),
        ("", False),
    ],
)
def test_a_sweep_cancels_what_is_ours(link_id, is_cancelled):
    backend = Backend(link_id)
    desk = Desk(backend, SyntheticConfig(), lambda symbol: None, run=RUN)
    desk.take_over(SimpleNamespace(key=OLD, symbol="BTCUSDT"))

    asyncio.run(desk.cancel_ours("BTCUSDT"))

    assert backend.cancelled == ([link_id] if is_cancelled else [])
