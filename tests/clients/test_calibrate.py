"""`calibrate` between two of ours finds nothing; with planted differences it finds exactly those."""

import asyncio
from collections import defaultdict
from decimal import Decimal

import pytest
from msgspec.structs import replace
from plain_client import PlainRest
from planted_proxy import planted

from synthcore.calibration.compare import Peer, calibrate
from synthcore.errors import ConfigError
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

SETTINGS = ExchangeSettings(symbols=("BTCUSDT",), seed=7, rate_tier="60", speed=4.0)


def result(message):
    return message["body"]["result"]


def each(change):
    """A change of every row of an answer's list, or of a push."""

    def apply(message):
        rows = result(message)["list"] if "body" in message else message["data"]
        for row in rows:
            change(row)

    return apply


def renamed(row, old, new):
    row[new] = row.pop(old)


def if_code(code, change):
    return lambda message: change(message) if message.get("body", message)["retCode"] == code else None


RESTING, AMENDED = "GET /v5/order/realtime (resting)", "GET /v5/order/realtime (amended)"
HELD, FLAT, FIRST = (f"GET /v5/position/list{note}" for note in (" (held)", "", " (before any order)"))
ROW = "body.result.list[]."

# Where it is planted (a REST call, or a socket and its topic or operation), how, and what must be found.
PLANTED = [
    ("GET /v5/market/time", lambda m: m["body"].pop("retExtInfo"), {("missing", "body.retExtInfo")}),
    ("GET /v5/market/insurance", lambda m: m["body"].update(serial="1"), {("extra", "body.serial")}),
    (
        "GET /v5/market/instruments-info",
        each(lambda row: row.update(fundingInterval=str(row["fundingInterval"]))),
        {("type", ROW + "fundingInterval")},
    ),
    (
        "GET /v5/market/orderbook",
        lambda m: result(m)["b"].__setitem__(
            slice(None), [[price[:-1], size] for price, size in result(m)["b"]]
        ),
        {("decimals", "body.result.b[][0]")},
    ),
    (
        "GET /v5/market/risk-limit",
        each(lambda row: row.update(isLowestRisk=bool(row["isLowestRisk"]))),
        {("type", ROW + "isLowestRisk")},
    ),
    (
        "GET /v5/market/price-limit",
        lambda m: renamed(result(m), "buyLmt", "buyLimit"),
        {("missing", "body.result.buyLmt"), ("extra", "body.result.buyLimit")},
    ),
    (
        "GET /v5/market/recent-trade",
        lambda m: result(m).update(list={}),
        {("type", "body.result.list")},
    ),
    (
        "GET /v5/market/no-such-call",
        lambda m: m["body"].update(retCode=404),
        {("GET /v5/market/no-such-call (unknown path)", "value", "body.retCode")},
    ),
    (
        "GET /v5/order/realtime",
        each(lambda row: row.update(orderStatus="Created")),
        {(RESTING, "value", ROW + "orderStatus"), (AMENDED, "value", ROW + "orderStatus")},
    ),
    (
        "GET /v5/order/realtime",
        each(lambda row: row.update(reduceOnly="false")),
        {(RESTING, "type", ROW + "reduceOnly"), (AMENDED, "type", ROW + "reduceOnly")},
    ),
    ("GET /v5/order/history", each(lambda row: row.update(avgPrice="none")), {("format", ROW + "avgPrice")}),
    (
        "GET /v5/order/history",
        each(lambda row: row.update(qty=row["qty"] + "0")),
        {("decimals", ROW + "qty")},
    ),
    ("GET /v5/execution/list", each(lambda row: row.update(execType="Fill")), {("value", ROW + "execType")}),
    (
        "GET /v5/execution/list",
        each(lambda row: row.update(execTime="today")),
        {("format", ROW + "execTime")},
    ),
    (
        "GET /v5/position/list",
        each(lambda row: row.update(tradeMode=None)),
        {(call, "type", ROW + "tradeMode") for call in (HELD, FLAT, FIRST)},
    ),
    (
        "GET /v5/position/list",
        each(lambda row: row.update(stopLoss="0.00")),
        {(call, "decimals", ROW + "stopLoss") for call in (HELD, FLAT, FIRST)},
    ),
    (
        "POST /v5/order/amend",
        if_code(110001, lambda m: m["body"].update(retMsg="no such order")),
        {("POST /v5/order/amend (unknown order)", "value", "body.retMsg")},
    ),
    (
        "POST /v5/order/cancel-batch",
        lambda m: renamed(m["body"], "retExtInfo", "ext"),
        {("missing", "body.retExtInfo"), ("extra", "body.ext")},
    ),
    (
        "GET /v5/account/fee-rate",
        lambda m: m["headers"].update({"content-type": "text/html"}),
        {("value", "headers.content-type")},
    ),
    (
        "GET /v5/account/wallet-balance",
        lambda m: m["headers"].pop("x-bapi-limit-status"),
        {("missing", "headers.x-bapi-limit-status")},
    ),
    (
        "GET /v5/account/user-setting-config",
        lambda m: m["body"].update(result=[result(m)]),
        {("type", "body.result")},
    ),
    # Sockets
    ("/v5/public/linear tickers.BTCUSDT", lambda m: m.pop("cs"), {("public topic tickers", "missing", "cs")}),
    (
        "/v5/public/linear publicTrade.BTCUSDT",
        each(lambda row: row.update(BT="false")),
        {("public topic publicTrade", "type", "data[].BT")},
    ),
    (
        "/v5/public/linear unsubscribe",
        lambda m: m.update(success="true"),
        {("public unsubscribe", "type", "success")},
    ),
    (
        "/v5/private order",
        each(lambda row: row.pop("cumExecFee")),
        {("private topic order", "missing", "data[].cumExecFee")},
    ),
    (
        "/v5/private wallet",
        each(lambda row: row["coin"][0].update(locked=0)),
        {("private topic wallet", "type", "data[].coin[].locked")},
    ),
    (
        "/v5/private execution",
        lambda m: renamed(m, "creationTime", "ts"),
        {
            ("private topic execution", "missing", "creationTime"),
            ("private topic execution", "extra", "ts"),
        },
    ),
    (
        "/v5/trade order.cancel",
        if_code(110001, lambda m: m.update(retCode=110008)),
        {("trade order.cancel (gone)", "value", "retCode")},
    ),
    ("/v5/trade order.amend", lambda m: m.pop("header"), {("trade order.amend", "missing", "header")}),
]


def expected():
    """What must be found, each with its call: the place's own where none is named."""
    return {row if len(row) == 3 else (place, *row) for place, _, rows in PLANTED for row in rows}


def alter(name, message, headers):
    """Change one message as all that is planted there says."""
    is_push = "topic" in message
    place = name if name.startswith(("GET", "POST")) else f"{name} {message['topic' if is_push else 'op']}"
    whole = {"body": message, "headers": headers} if name == place else message
    for change in changes[place]:
        change(whole)
    return whole["body"] if name == place else whole


changes = defaultdict(list)
for _place, _change, _ in PLANTED:
    changes[_place].append(_change)


def peer(ready):
    return Peer(ready.environment(), ready.credentials())


@pytest.fixture(scope="module")
def pair():
    """Two whose prices, ids and balances are not the same."""
    other = replace(SETTINGS, seed=8, wallet_usdt=Decimal("54321.5"))
    with ExchangeProcess(SETTINGS) as ours, ExchangeProcess(other) as theirs:
        yield ours, theirs


def compared(ours, theirs):
    return asyncio.run(calibrate(peer(ours), peer(theirs), fills=True, spacing_s=0))


def test_planted_differences_are_found_and_nothing_else(pair):
    ours, theirs = pair
    assert len(PLANTED) >= 20

    with planted(ours, alter) as differing:
        outcome = compared(differing, theirs)

    assert {(row.call, row.kind, row.path) for row in outcome.found} == expected()


def test_two_of_ours_are_alike(pair):
    outcome = compared(*pair)

    assert outcome.found == []
    assert outcome.calls > 80
    assert all(secret not in str(outcome.recorded) for secret in (pair[1].api_key, pair[1].api_secret))


def test_an_account_that_holds_something_is_left_alone(pair):
    ours, theirs = pair
    client = PlainRest(theirs)
    client.buy("held")

    with pytest.raises(ConfigError, match="must have no orders and no position in BTCUSDT, it has 0 and 1"):
        compared(ours, theirs)

    client.buy("closing", side="Sell", reduceOnly=True)
