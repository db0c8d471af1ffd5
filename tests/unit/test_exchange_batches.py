"""Batches over the REST edge: each order judged on its own, and counted by the rate limit."""

import json

import pytest
from exchange_edge import BUY, Edge

ORDER = {name: value for name, value in BUY.items() if name != "category"}


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch)


def batch(edge, what, *orders, category="linear"):
    return edge.post(f"/v5/order/{what}-batch", {"category": category, "request": list(orders)})


def codes(reply):
    return [entry["code"] for entry in reply["retExtInfo"]["list"]]


def test_a_batch_creates_each_order_and_answers_in_the_same_order(edge):
    reply = batch(edge, "create", {**ORDER, "orderLinkId": "a"}, {**ORDER, "orderLinkId": "b"})

    assert (reply["retCode"], reply["retMsg"]) == (0, "OK")
    assert reply["retExtInfo"] == {"list": [{"code": 0, "msg": "OK"}] * 2}
    rows = reply["result"]["list"]
    assert [row["orderLinkId"] for row in rows] == ["a", "b"]
    assert list(rows[0]) == ["category", "symbol", "orderId", "orderLinkId", "createAt"]
    assert rows[0]["createAt"] == str(edge.now_ms)
    listed = edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert [row["orderId"] for row in listed] == [rows[1]["orderId"], rows[0]["orderId"]]


def test_one_bad_order_fails_alone(edge):
    bad_price, bad_type = {**ORDER, "price": "0.05", "orderLinkId": "x"}, {**ORDER, "qty": 5}

    reply = batch(edge, "create", ORDER, bad_price, bad_type, {"symbol": "BTCUSDT"}, ORDER)

    assert reply["retCode"] == 0
    assert codes(reply) == [0, 110003, 10001, 10001, 0]
    assert reply["retExtInfo"]["list"][2]["msg"] == "params error: qty invalid"
    failed = reply["result"]["list"][1]
    assert (failed["orderId"], failed["orderLinkId"], failed["createAt"]) == ("", "x", "")


def test_orders_of_a_batch_see_those_before_them(edge):
    reply = batch(edge, "create", {**ORDER, "orderLinkId": "twice"}, {**ORDER, "orderLinkId": "twice"})

    assert codes(reply) == [0, 110072]


def test_a_batch_amends_and_cancels(edge):
    one, two = edge.place(), edge.place()

    amended = batch(
        edge,
        "amend",
        {"symbol": "BTCUSDT", "orderId": one, "qty": "0.02"},
        {"symbol": "BTCUSDT", "orderId": "nobody", "qty": "0.02"},
        {"symbol": "BTCUSDT", "orderId": two, "qty": "0.01", "price": None},
    )
    cancelled = batch(
        edge,
        "cancel",
        {"symbol": "BTCUSDT", "orderId": two},
        {"symbol": "BTCUSDT", "orderLinkId": "nobody"},
    )

    assert codes(amended) == [0, 110001, 10001]
    assert list(amended["result"]["list"][0]) == ["category", "symbol", "orderId", "orderLinkId"]
    assert codes(cancelled) == [0, 110001]
    assert cancelled["result"]["list"][1]["orderLinkId"] == "nobody"
    left = edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT")["result"]["list"]
    assert [(row["orderId"], row["qty"]) for row in left] == [(one, "0.02")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"category": "spot", "request": [ORDER]}, "Not supported symbols"),
        ({"category": "linear", "request": []}, "params error: request invalid"),
        ({"category": "linear", "request": [ORDER] * 21}, "params error: request invalid"),
        ({"category": "linear", "request": [7]}, "params error: request invalid"),
        ({"category": "linear"}, "params error: request invalid"),
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(edge, body, message):
    reply = edge.post("/v5/order/create-batch", body)

    assert (reply["retCode"], reply["retMsg"]) == (10001, message)
    assert edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT")["result"]["list"] == []


def test_what_the_rate_limit_leaves_is_accepted_and_the_rest_is_not(monkeypatch):
    edge = Edge(monkeypatch, rate_tier="10")
    batch(edge, "create", *[ORDER] * 5)

    over = batch(edge, "create", *[ORDER] * 8)
    nothing_left = batch(edge, "create", ORDER)
    other_bucket = edge.post("/v5/order/create", BUY)
    edge.now_ms += 1000

    assert codes(over) == [0] * 5 + [10006] * 3
    assert (nothing_left["retCode"], nothing_left["retMsg"]) == (10006, "Too many visits!")
    assert other_bucket["retCode"] == 0
    assert codes(batch(edge, "create", *[ORDER] * 10)) == [0] * 10


def test_a_batch_tells_its_own_limit(monkeypatch):
    edge = Edge(monkeypatch, rate_tier="20")
    body = {"category": "linear", "request": [ORDER] * 3}

    headers = dict(edge.send("POST", "/v5/order/create-batch", body=json.dumps(body).encode()).headers)

    assert (headers[b"X-Bapi-Limit"], headers[b"X-Bapi-Limit-Status"]) == (b"20", b"17")


@pytest.mark.parametrize(("code", "answer"), [(10001, 10001), (110032, 110032), (0, 0)])
def test_an_amendment_without_a_change_answers_as_the_setting_says(monkeypatch, code, answer):
    edge = Edge(monkeypatch, amend_unchanged_code=code)
    order_id = edge.place()

    reply = edge.post("/v5/order/amend", {**LINEAR, "orderId": order_id, "qty": "0.01", "price": "59000"})

    assert reply["retCode"] == answer


LINEAR = {"category": "linear", "symbol": "BTCUSDT"}


def test_a_batch_amends_no_conditional_order(edge):
    waiting = edge.place(triggerPrice="61000", triggerDirection=1)

    reply = batch(edge, "amend", {"symbol": "BTCUSDT", "orderId": waiting, "triggerPrice": "61500"})

    assert codes(reply) == [110001]
