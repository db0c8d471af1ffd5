"""Pre-check: every check of an order, none of its effects, and the margin rates that it would leave."""

import pytest
from exchange_edge import BUY, Edge

PATH = "/v5/order/pre-check"
RATES = ("preImrE4", "preMmrE4", "postImrE4", "postMmrE4")


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch)


def rates(reply):
    assert reply["retCode"] == 0, reply
    return [reply["result"][name] for name in RATES]


def test_an_order_leaves_no_trace(edge):
    order = {**BUY, "orderLinkId": "mine"}
    reply = edge.post(PATH, order)

    assert reply["result"]["orderLinkId"] == "mine"
    assert edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT")["result"]["list"] == []
    assert edge.post("/v5/order/create", order)["retCode"] == 0  # its link id is not used up


def test_the_rates_after_it_are_those_that_the_wallet_then_shows(edge):
    order = {**BUY, "qty": "5"}
    before = rates(edge.post(PATH, order))

    edge.place(qty="5")

    wallet = edge.get("/v5/account/wallet-balance", accountType="UNIFIED")["result"]["list"][0]
    after = rates(edge.post(PATH, order))
    assert before[:2] == [0, 0]
    assert before[2] == round(float(wallet["accountIMRate"]) * 10_000) == after[0]
    assert 0 < before[3] < before[2]


def test_an_order_that_only_reduces_asks_for_nothing(edge):
    edge.place(orderType="Market", qty="1")
    reply = edge.post(PATH, {**BUY, "side": "Sell", "orderType": "Market", "qty": "1", "reduceOnly": True})

    pre_im, pre_mm, post_im, post_mm = rates(reply)

    assert 0 < pre_mm < pre_im
    assert (pre_im, pre_mm) == (post_im, post_mm)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"qty": "100000"}, 10001),
        ({"qty": "100"}, 110007),
        ({"category": "spot"}, 10001),
        ({"triggerPrice": "59500", "triggerDirection": 2}, 10001),
    ],
)
def test_it_refuses_what_create_would_and_conditional_orders(edge, change, code):
    assert edge.post(PATH, {**BUY, **change})["retCode"] == code


def test_it_is_for_cross_margin(edge):
    edge.post("/v5/account/set-margin-mode", {"setMarginMode": "ISOLATED_MARGIN"})

    assert edge.post(PATH, BUY)["retCode"] == 10001
