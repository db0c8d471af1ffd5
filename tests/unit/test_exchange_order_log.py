"""An account's fills, by order and link id, as long as they are kept."""

import msgspec
import pytest

from synthcore.exchange import order_log
from synthcore.exchange.order_log import OrderLog
from synthcore.venues.bybit.messages import ExecutionRow

ROW = ExecutionRow(
    symbol="BTCUSDT",
    exec_id="x",
    order_id="o",
    side="Buy",
    exec_price="1",
    exec_qty="1",
    exec_fee="0",
    is_maker=False,
)


@pytest.fixture
def log(monkeypatch):
    monkeypatch.setattr(order_log, "KEPT_FILLS", 4)
    log = OrderLog()
    for number, (order_id, link_id) in enumerate(
        [("a", "mine"), ("a", "mine"), ("b", ""), ("", ""), ("a", "mine"), ("c", "other")], start=1
    ):
        row = msgspec.structs.replace(ROW, exec_id=str(number), order_id=order_id, order_link_id=link_id)
        log.fill([row])
    return log


@pytest.mark.parametrize(
    ("order_id", "link_id", "found"),
    [
        (None, None, [6, 5, 4, 3]),
        ("a", None, [5]),
        (None, "mine", [5]),
        ("a", "other", [5]),
        ("b", None, [3]),
        (None, "nobody's", []),
    ],
)
def test_fills_are_found_by_their_order_and_forgotten_with_the_list(log, order_id, link_id, found):
    numbered = list(log.newest_fills(order_id, link_id))

    assert [number for number, row in numbered] == found
    assert [row.exec_id for number, row in numbered] == [str(number) for number in found]


def test_nothing_is_left_of_what_is_forgotten(log):
    assert log._fills_by_order.keys() == {"a", "b", "c"}
    assert log._fills_by_link.keys() == {"mine", "other"}
