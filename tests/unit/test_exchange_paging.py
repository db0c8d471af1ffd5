"""Pages of orders: each order once, whatever order they ended in and whatever ends meanwhile."""

import pytest
from exchange_edge import Edge

from synthcore.exchange import order_log

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
QUESTIONS = [("/v5/order/history", {}), ("/v5/order/realtime", {"openOnly": 1})]


def test_a_full_log_of_fills_repeats_none_either(monkeypatch):
    monkeypatch.setattr(order_log, "KEPT_FILLS", 6)
    edge = Edge(monkeypatch)

    def trade():
        edge.place(orderType="Market", qty="0.001")

    def fills(cursor=""):
        result = edge.get("/v5/execution/list", **LINEAR, limit=2, cursor=cursor)["result"]
        return [row["execId"] for row in result["list"]], result["nextPageCursor"]

    for _ in range(8):
        trade()
    first, cursor = fills()
    trade()
    second, cursor = fills(cursor)
    third, cursor = fills(cursor)

    assert len({*first, *second, *third}) == 5  # six were kept, and the oldest fell out meanwhile
    assert cursor == ""


@pytest.fixture(params=["instant", "realistic"])
def edge(request, monkeypatch):
    return Edge(monkeypatch, delays=request.param)


def place_six(edge):
    return [edge.place(price=str(59000 + number), orderLinkId=f"pp{number}") for number in range(6)]


def cancel(edge, order_id):
    edge.now_ms += 1000
    assert edge.post("/v5/order/cancel", {**LINEAR, "orderId": order_id})["retCode"] == 0


def page(edge, path, cursor="", **params):
    edge.now_ms += 10_000
    reply = edge.get(path, **LINEAR, limit=2, cursor=cursor, **params)
    assert reply["retCode"] == 0, reply
    return [row["orderLinkId"] for row in reply["result"]["list"]], reply["result"]["nextPageCursor"]


@pytest.mark.parametrize(("path", "params"), QUESTIONS)
def test_orders_that_ended_newest_first_are_each_listed_once(edge, path, params):
    for order_id in reversed(place_six(edge)):
        cancel(edge, order_id)

    first, cursor = page(edge, path, **params)
    second, cursor = page(edge, path, cursor, **params)
    third, cursor = page(edge, path, cursor, **params)

    assert [first, second, third] == [["pp5", "pp4"], ["pp3", "pp2"], ["pp1", "pp0"]]
    assert cursor == ""


@pytest.mark.parametrize(("path", "params"), QUESTIONS)
def test_an_order_that_ends_between_two_pages_repeats_none(edge, path, params):
    orders = place_six(edge)
    for number in (1, 2, 3, 4):
        cancel(edge, orders[number])

    first, cursor = page(edge, path, **params)
    cancel(edge, orders[5])
    cancel(edge, orders[0])
    second, cursor = page(edge, path, cursor, **params)
    third, _ = page(edge, path, cursor, **params)

    assert [first, second, third] == [["pp4", "pp3"], ["pp2", "pp1"], ["pp0"]]
