"""pybit's unmodified HTTP client and the less simple orders: batches, conditional orders, stops."""

import time

import pytest
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
LIMIT = {"symbol": "BTCUSDT", "orderType": "Limit", "qty": "0.01"}


@pytest.fixture(scope="module")
def exchange():
    with ExchangeProcess(ExchangeSettings(market="steady", rate_tier="off")) as ready:
        yield ready


@pytest.fixture
def client(exchange):
    client = HTTP(api_key=exchange.api_key, api_secret=exchange.api_secret)
    client.endpoint = exchange.rest
    yield client
    client.cancel_all_orders(category="linear", settleCoin="USDT")
    for position in client.get_positions(category="linear", settleCoin="USDT")["result"]["list"]:
        side = "Sell" if position["side"] == "Buy" else "Buy"
        client.place_order(**LINEAR, side=side, orderType="Market", qty=position["size"], reduceOnly=True)


def open_orders(client, **params):
    return client.get_open_orders(**LINEAR, **params)["result"]["list"]


def codes(reply):
    return [entry["code"] for entry in reply["retExtInfo"]["list"]]


def test_it_creates_amends_and_cancels_in_batches(client):
    orders = [{**LIMIT, "side": "Buy", "price": price, "orderLinkId": price} for price in ("59500", "59400")]
    created = client.place_batch_order(
        category="linear", request=[*orders, {**orders[0], "price": "59400.05"}]
    )
    ids = [row["orderId"] for row in created["result"]["list"]]

    amended = client.amend_batch_order(
        category="linear", request=[{"symbol": "BTCUSDT", "orderId": ids[0], "qty": "0.02"}]
    )
    found = client.get_open_orders(**LINEAR)["result"]["list"]
    cancelled = client.cancel_batch_order(
        category="linear", request=[{"symbol": "BTCUSDT", "orderId": order_id} for order_id in ids[:2]]
    )

    assert codes(created) == [0, 0, 110072]
    assert codes(amended) == [0]
    assert [(order["orderId"], order["qty"]) for order in found] == [(ids[1], "0.01"), (ids[0], "0.02")]
    assert codes(cancelled) == [0, 0]
    assert client.get_open_orders(**LINEAR)["result"]["list"] == []


def test_it_places_amends_finds_and_cancels_a_conditional_order(client):
    stop = {"side": "Buy", "orderType": "Market", "qty": "0.01", "triggerDirection": 1}

    placed = client.place_order(**LINEAR, **stop, triggerPrice="61000", triggerBy="MarkPrice")["result"]
    client.amend_order(**LINEAR, orderId=placed["orderId"], triggerPrice="61500")
    waiting = open_orders(client, orderFilter="StopOrder")
    active = open_orders(client, orderFilter="Order")
    with pytest.raises(InvalidRequestError) as reached:
        client.place_order(**LINEAR, **stop, triggerPrice="59000")
    client.cancel_all_orders(**LINEAR, orderFilter="Order")
    still = open_orders(client)
    client.cancel_order(**LINEAR, orderId=placed["orderId"])
    past = client.get_order_history(**LINEAR, orderId=placed["orderId"])["result"]["list"]

    assert [order["orderId"] for order in waiting] == [order["orderId"] for order in still]
    row = waiting[0]
    assert (row["orderStatus"], row["stopOrderType"], row["orderId"]) == (
        "Untriggered",
        "Stop",
        placed["orderId"],
    )
    assert (row["triggerPrice"], row["triggerBy"], row["triggerDirection"]) == ("61500", "MarkPrice", 1)
    assert active == []
    assert reached.value.status_code == 110092
    assert [order["orderStatus"] for order in past] == ["Deactivated"]


def test_it_prevents_a_self_match_and_prices_by_the_book(client):
    resting = client.place_order(**LINEAR, side="Buy", orderType="Limit", qty="0.01", price="60000")
    own_id = resting["result"]["orderId"]
    # What the market shows in front of it goes first.
    sell = {"side": "Sell", "orderType": "Market", "qty": "2.5"}
    sold = client.place_order(**LINEAR, **sell, smpType="CancelMaker")["result"]["orderId"]
    mine = open_orders(client, orderId=own_id)[0]
    queued = client.place_order(
        **LINEAR, side="Sell", orderType="Limit", qty="0.01", bboSideType="Queue", bboLevel="3"
    )["result"]["orderId"]
    bounded = client.place_order(
        **LINEAR,
        side="Buy",
        orderType="Market",
        qty="0.01",
        slippageToleranceType="TickSize",
        slippageTolerance="5",
    )["result"]["orderId"]

    assert (mine["orderStatus"], mine["cancelType"]) == ("Cancelled", "CancelBySmp")
    assert (mine["smpOrderId"], mine["cumExecQty"]) == (sold, "0")
    assert open_orders(client, orderId=queued)[0]["price"] == "60000.3"
    assert open_orders(client, orderId=bounded)[0]["price"] == "60000.6"


def position_of(client):
    return client.get_positions(**LINEAR)["result"]["list"][0]


def test_it_protects_a_position_and_the_stops_go_with_it(client):
    entry = {"side": "Buy", "orderType": "Market", "qty": "0.02"}
    client.place_order(**LINEAR, **entry, takeProfit="61000", stopLoss="59000", orderLinkId="entry-1")
    opened = position_of(client)
    children = open_orders(client, orderFilter="StopOrder")
    client.set_trading_stop(
        **LINEAR, tpslMode="Full", positionIdx=0, stopLoss="58000", trailingStop="300", takeProfit="0"
    )
    with pytest.raises(InvalidRequestError) as unchanged:
        client.set_trading_stop(**LINEAR, tpslMode="Full", positionIdx=0, stopLoss="58000")
    client.set_trading_stop(
        **LINEAR,
        tpslMode="Partial",
        positionIdx=0,
        takeProfit="62000",
        tpSize="0.01",
        tpOrderType="Limit",
        tpLimitPrice="62010",
    )
    changed = position_of(client)
    waiting = {order["stopOrderType"]: order for order in open_orders(client, orderFilter="StopOrder")}

    client.place_order(**LINEAR, side="Sell", orderType="Market", qty="0.02", reduceOnly=True)
    past = client.get_order_history(**LINEAR, orderId=waiting["TrailingStop"]["orderId"])["result"]["list"]

    assert (opened["takeProfit"], opened["stopLoss"]) == ("61000", "59000")
    assert [order["parentOrderLinkId"] for order in children] == ["entry-1", "entry-1"]
    assert unchanged.value.status_code == 34040
    assert (changed["takeProfit"], changed["stopLoss"], changed["trailingStop"]) == ("0", "58000", "300")
    assert set(waiting) == {"StopLoss", "TrailingStop", "PartialTakeProfit"}
    assert (waiting["PartialTakeProfit"]["price"], waiting["PartialTakeProfit"]["qty"]) == ("62010", "0.01")
    assert open_orders(client) == []
    assert [(order["orderStatus"], order["cancelType"]) for order in past] == [
        ("Deactivated", "CancelByTpSlTsClear")
    ]


def test_its_conditional_order_is_set_off_by_a_moving_market():
    with ExchangeProcess(ExchangeSettings(rate_tier="off", speed=20.0)) as ready:
        client = HTTP(api_key=ready.api_key, api_secret=ready.api_secret)
        client.endpoint = ready.rest
        last = float(client.get_tickers(**LINEAR)["result"]["list"][0]["lastPrice"])
        placed = [
            client.place_order(
                **LINEAR,
                side="Buy",
                orderType="Market",
                qty="0.01",
                triggerPrice=str(round(last + direction * 30, 1)),
                triggerDirection=1 if direction == 1 else 2,
            )["result"]["orderId"]
            for direction in (1, -1)
        ]

        filled = first_filled(client, placed)

    assert filled["orderStatus"] == "Filled"
    assert (filled["stopOrderType"], filled["createType"]) == ("Stop", "CreateByStopOrder")


def first_filled(client, order_ids):
    """Ask until one of the orders is filled, for 20 seconds at most."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for order_id in order_ids:
            found = open_orders(client, orderId=order_id)
            if found and found[0]["orderStatus"] == "Filled":
                return found[0]
    raise AssertionError("no order was set off in time")
