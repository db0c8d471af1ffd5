"""What a browser is told when a page of another origin asks: it may, as of Bybit."""

import pytest

from synthcore.exchange.faults.refuse import RefuseCall
from synthcore.testing.virtual import VirtualExchange

ORIGIN = ("origin", "https://page.example")
ALLOWED = {
    "Access-Control-Allow-Origin": "https://page.example",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "token, X-Signature",
}
ANY_CALL_FAILS = RefuseCall(code=10016, when="request")
ASKS_FIRST = (
    ("access-control-request-method", "POST"),
    ("access-control-request-headers", "content-type,x-bapi-api-key"),
)


def asked(method, path, *headers, fault=None, **settings):
    """Status, headers for browsers and body of the answer to one call."""
    with VirtualExchange(symbols=("BTCUSDT",), **settings) as exchange:
        if fault is not None:
            exchange.faults.add(fault)
        answer = exchange.clock.run(exchange.inside.call(method, path, headers=headers))
    named = {name.decode(): value.decode() for name, value in answer.headers}
    allowed = {name: value for name, value in named.items() if name.startswith("Access-")}
    return answer.status, allowed, answer.body


@pytest.mark.parametrize("delays", ["instant", "lan"])
@pytest.mark.parametrize(
    ("path", "status"), [("/v5/market/time", 200), ("/v5/account/info", 401), ("/v5/never", 404)]
)
def test_a_page_may_read_every_answer(path, status, delays):
    assert asked("GET", path, ORIGIN, delays=delays)[:2] == (status, ALLOWED)


def test_it_may_read_what_a_fault_says():
    _, allowed, body = asked("GET", "/v5/market/time", ORIGIN, fault=ANY_CALL_FAILS)

    assert b'"retCode":10016' in body
    assert allowed == ALLOWED


def test_who_is_no_page_hears_nothing_of_it():
    assert asked("GET", "/v5/market/time")[:2] == (200, {})


def test_a_preflight_is_granted_what_it_asks_for():
    granted = {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type,x-bapi-api-key",
        "Access-Control-Max-Age": "7200",
    }

    assert asked("OPTIONS", "/v5/order/create", ORIGIN, *ASKS_FIRST) == (200, ALLOWED | granted, b"")


def test_a_preflight_is_no_call_that_a_fault_counts():
    answer = asked("OPTIONS", "/v5/order/create", ORIGIN, *ASKS_FIRST, fault=ANY_CALL_FAILS)

    assert answer == asked("OPTIONS", "/v5/order/create", ORIGIN, *ASKS_FIRST)


def test_options_that_no_browser_sends_find_nothing():
    assert asked("OPTIONS", "/v5/order/create", ORIGIN)[0] == 404


def test_the_control_api_is_for_no_page():
    settings = {"control_token": "a-token-of-this-test"}

    status, allowed, _ = asked("OPTIONS", "/_control/state", ORIGIN, *ASKS_FIRST, **settings)

    assert status != 200
    assert allowed == {}
