"""What `calibrate` calls a difference, field by field."""

import pytest

from synthcore.calibration.difference import Difference, differences
from synthcore.calibration.table import markdown


def found(ours, theirs, call="GET /v5/x"):
    return [(row.kind, row.path) for row in differences({call: ours}, {call: theirs})]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"a": "1", "b": 2}, {"b": 7, "a": "5"}),  # order and values
        ({"price": "1.5"}, {"price": "1.25"}),  # nothing is padded
        ({"price": "1.50"}, {"price": "1.25"}),  # padded to two, and two
        ({"list": []}, {"list": [{"a": 1}]}),  # no row, no proof
        ({"list": [{"a": ""}, {"a": "1"}]}, {"list": [{"a": "2"}]}),  # a format that both show
        ({"a": None}, {"a": None}),
        ({"retMsg": "OK"}, {"retMsg": "success"}),
        ({"retMsg": "limit is 5, 7 asked"}, {"retMsg": "limit is 8, 9 asked"}),
        ({"side": "Buy"}, {"side": "Sell"}),
        ({"cumFeeDetail": {"USDT": "1"}}, {"cumFeeDetail": {"BTC": "1"}}),
    ],
)
def test_what_is_alike(ours, theirs):
    assert found([ours], [theirs]) == []


@pytest.mark.parametrize(
    ("ours", "theirs", "row"),
    [
        ({}, {"a": {"b": 1}}, ("missing", "a")),
        ({"a": {"b": 1}}, {"a": {}}, ("extra", "a.b")),
        ({"a": 1}, {"a": "1"}, ("type", "a")),
        ({"a": 1}, {"a": 1.5}, ("type", "a")),
        ({"a": False}, {"a": 0}, ("type", "a")),
        ({"a": None}, {"a": []}, ("type", "a")),
        ({"a": []}, {"a": {}}, ("type", "a")),
        ({"a": ""}, {"a": "0"}, ("format", "a")),
        ({"a": "1700000000000"}, {"a": "today"}, ("format", "a")),
        ({"a": "1.50"}, {"a": "1.5"}, ("decimals", "a")),
        ({"a": "0"}, {"a": "0.00"}, ("decimals", "a")),
        ({"b": [["1.50", "2"]]}, {"b": [["1.5", "2"]]}, ("decimals", "b[][0]")),
        ({"b": [["1", "2"]]}, {"b": [["1", "2", "3"]]}, ("missing", "b[][2]")),
        ({"orderStatus": "New"}, {"orderStatus": "Created"}, ("value", "orderStatus")),
        ({"side": "Buy"}, {"side": "BUY"}, ("value", "side")),
        ({"retCode": 0}, {"retCode": 10001}, ("value", "retCode")),
        ({"retMsg": "no such order"}, {"retMsg": "order gone"}, ("value", "retMsg")),
    ],
)
def test_what_differs(ours, theirs, row):
    assert found([ours], [theirs]) == [row]


def test_the_past_of_an_account_is_no_difference():
    call = "GET /v5/account/transaction-log"

    assert found([{"type": "TRADE"}], [{"type": "TRANSFER_IN"}], call) == []


def test_silence_of_one_side_is_a_difference():
    assert found([], [{"a": 1}]) == [("absent", "")]
    assert found([{"a": 1}], []) == [("absent", "")]


def test_the_table_shows_no_value_that_moves():
    rows = differences({"x": [{"price": "61234.50"}]}, {"x": [{"price": 61234.5}]})

    assert rows == [Difference("x", "price", "type", "string", "float")]
    assert "61234" not in markdown(rows, 1)
    assert "| x | `price` | type | string | float |" in markdown(rows, 1)


def test_a_bar_in_a_message_does_not_break_the_table():
    rows = differences({"x": [{"retMsg": "a|b"}]}, {"x": [{"retMsg": "c"}]})

    assert "| a\\|b | c |" in markdown(rows, 1)
