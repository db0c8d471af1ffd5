"""pybit's unmodified HTTP client and the less simple orders: batches, conditional orders, stops."""

import pytest
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
