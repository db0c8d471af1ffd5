"""Money for the asking: demo accounts only, once a minute, up to a limit."""

import pytest
from exchange_edge import Edge

PATH = "/v5/account/demo-apply-money"


@pytest.fixture
def demo(monkeypatch):
    return Edge(monkeypatch, flavour="demo", rate_tier="10")


def ask(demo, amount, coin="USDT", **fields):
    return demo.post(PATH, {"utaDemoApplyMoney": [{"coin": coin, "amountStr": amount}], **fields})


def wallet(demo):
    return demo.get("/v5/account/wallet-balance", accountType="UNIFIED")["result"]["list"][0]


def test_what_is_asked_for_is_added_and_logged(demo):
    heard = []
    demo.venue.outbox._deliver = heard.extend

    reply = ask(demo, "109.5")
    demo.venue.outbox.flush()

    newest = demo.get("/v5/account/transaction-log")["result"]["list"][0]
    assert (reply["retCode"], wallet(demo)["totalWalletBalance"]) == (0, "100109.5")
    assert (newest["type"], newest["cashFlow"], newest["cashBalance"]) == (
        "TRANSFER_IN",
        "109.5",
        "100109.5",
    )
    assert [event.message.topic for event in heard] == ["wallet"]


def test_it_can_be_taken_away_but_not_what_margin_needs(demo):
    demo.place(qty="5")

    too_much = ask(demo, "99999", adjustType=1)
    demo.now_ms += 60_000
    some = ask(demo, "50000", adjustType=1)

    assert (too_much["retCode"], some["retCode"]) == (110004, 0)
    assert wallet(demo)["totalWalletBalance"] == "50000"
    assert demo.get("/v5/account/transaction-log")["result"]["list"][0]["type"] == "TRANSFER_OUT"


def test_once_a_minute(demo):
    replies = [ask(demo, "1")["retCode"]]
    demo.now_ms += 59_999
    replies.append(ask(demo, "1")["retCode"])
    demo.now_ms += 1
    replies.append(ask(demo, "1")["retCode"])

    assert replies == [0, 10006, 0]


@pytest.mark.parametrize(
    ("coin", "most", "too_much"),
    [("BTC", "15", "15.1"), ("ETH", "200", "201"), ("USDT", "100000", "100001"), ("USDC", "100000", "1e9")],
)
def test_each_coin_has_its_limit(monkeypatch, coin, most, too_much):
    demo = Edge(monkeypatch, flavour="demo")

    assert ask(demo, most, coin)["retCode"] == 0
    assert ask(demo, too_much, coin)["retMsg"] == "params error: amountStr invalid"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"utaDemoApplyMoney": [{"coin": "DOGE", "amountStr": "1"}]}, "coin"),
        ({"utaDemoApplyMoney": [{"coin": "USDT", "amountStr": "-1"}]}, "amountStr"),
        ({"utaDemoApplyMoney": [{"coin": "USDT", "amountStr": "1"}], "adjustType": 2}, "adjustType"),
        ({}, "utaDemoApplyMoney"),
    ],
)
def test_what_cannot_be_asked_for(monkeypatch, body, field):
    reply = Edge(monkeypatch, flavour="demo").post(PATH, body)

    assert (reply["retCode"], reply["retMsg"]) == (10001, f"params error: {field} invalid")


def test_other_worlds_do_not_know_the_call(monkeypatch):
    assert ask(Edge(monkeypatch), "1")["retCode"] == 10017
