"""pybit's unmodified HTTP client trades on the embedded exchange.

Only its public attribute `endpoint` is set; nothing of the package is replaced.
"""

import uuid

import pytest
from pybit.exceptions import FailedRequestError, InvalidRequestError
from pybit.unified_trading import HTTP

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}


@pytest.fixture(scope="module")
def exchange():
    with ExchangeProcess(ExchangeSettings(market="steady", rate_tier="60")) as ready:
        yield ready


def client_of(exchange, **options):
    client = HTTP(api_key=exchange.api_key, api_secret=exchange.api_secret, **options)
    client.endpoint = exchange.rest
    return client


@pytest.fixture
def client(exchange):
    client = client_of(exchange)
    yield client
    client.cancel_all_orders(category="linear", settleCoin="USDT")
    for position in client.get_positions(category="linear", settleCoin="USDT")["result"]["list"]:
        client.place_order(
            category="linear",
            symbol=position["symbol"],
            side="Sell" if position["side"] == "Buy" else "Buy",
            orderType="Market",
            qty=position["size"],
            reduceOnly=True,
        )


def link_id():
    return f"pybit-{uuid.uuid4().hex[:20]}"


def test_it_reads_the_servers_time(client):
    reply = client.get_server_time()

    assert reply["retCode"] == 0
    assert int(reply["result"]["timeNano"]) // 1_000_000_000 == int(reply["result"]["timeSecond"])
    assert abs(reply["time"] - int(reply["result"]["timeNano"]) // 1_000_000) <= 1000


def test_it_reads_the_instruments(client):
    rows = client.get_instruments_info(category="linear")["result"]["list"]

    assert {"BTCUSDT", "ETHUSDT", "SOLUSDT"} <= {row["symbol"] for row in rows}
    bitcoin = next(row for row in rows if row["symbol"] == "BTCUSDT")
    assert bitcoin["lotSizeFilter"]["qtyStep"] == "0.001"
    assert client.get_instruments_info(category="spot")["result"]["list"] == []


def test_it_reads_ticker_and_order_book(client):
    ticker = client.get_tickers(**LINEAR)["result"]["list"][0]
    book = client.get_orderbook(**LINEAR, limit=5)["result"]

    assert ticker["symbol"] == "BTCUSDT"
    assert float(ticker["bid1Price"]) < float(ticker["ask1Price"])
    assert (len(book["b"]), len(book["a"])) == (5, 5)
    assert float(book["b"][0][0]) < float(book["a"][0][0])
    assert book["u"] > 0


def test_it_reads_the_wallet(client):
    account = client.get_wallet_balance(accountType="UNIFIED", coin="USDT")["result"]["list"][0]

    assert account["accountType"] == "UNIFIED"
    assert 0 < float(account["totalAvailableBalance"]) <= 100_000
    assert [coin["coin"] for coin in account["coin"]] == ["USDT"]


def test_it_places_looks_up_and_cancels_an_order(client):
    mine = link_id()

    placed = client.place_order(
        **LINEAR, side="Buy", orderType="Limit", qty="0.01", price="59500", orderLinkId=mine
    )["result"]
    found = client.get_open_orders(**LINEAR, orderLinkId=mine)["result"]["list"]
    cancelled = client.cancel_order(**LINEAR, orderLinkId=mine)["result"]
    still_open = client.get_open_orders(**LINEAR)["result"]["list"]
    by_id = client.get_open_orders(**LINEAR, orderId=placed["orderId"])["result"]["list"]
    past = client.get_order_history(**LINEAR, orderId=placed["orderId"])["result"]["list"]

    assert placed["orderLinkId"] == mine
    assert [order["orderStatus"] for order in found] == ["New"]
    assert cancelled == placed
    assert still_open == []
    assert by_id[0]["orderStatus"] == past[0]["orderStatus"] == "Cancelled"


def test_it_amends_an_order(client):
    placed = client.place_order(**LINEAR, side="Buy", orderType="Limit", qty="0.01", price="59500")["result"]

    client.amend_order(**LINEAR, orderId=placed["orderId"], qty="0.02", price="59400")

    order = client.get_open_orders(**LINEAR, orderId=placed["orderId"])["result"]["list"][0]
    assert (order["qty"], order["price"]) == ("0.02", "59400")


def test_it_fills_a_market_order_and_sees_the_position(client):
    placed = client.place_order(**LINEAR, side="Buy", orderType="Market", qty="0.01")["result"]

    order = client.get_order_history(**LINEAR, orderId=placed["orderId"])["result"]["list"][0]
    fills = client.get_executions(**LINEAR, orderId=placed["orderId"])["result"]["list"]
    position = client.get_positions(**LINEAR)["result"]["list"][0]
    assert order["orderStatus"] == "Filled"
    assert sum(float(fill["execQty"]) for fill in fills) == pytest.approx(0.01)
    assert (position["side"], position["size"], position["positionIdx"]) == ("Buy", "0.01", 0)
    assert "avgPrice" in position and "entryPrice" not in position


def test_it_pages_through_orders_without_loss_or_repetition(client):
    placed = [
        client.place_order(**LINEAR, side="Buy", orderType="Limit", qty="0.001", price=str(59000 + step))
        for step in range(5)
    ]

    seen, cursor = [], ""
    while True:
        page = client.get_open_orders(**LINEAR, limit=2, cursor=cursor)["result"]
        seen += [order["orderId"] for order in page["list"]]
        cursor = page["nextPageCursor"]
        if not cursor:
            break

    assert seen == [reply["result"]["orderId"] for reply in reversed(placed)]


def test_closed_orders_are_listed_on_request_only(client):
    placed = client.place_order(**LINEAR, side="Buy", orderType="Market", qty="0.001")["result"]

    open_only = client.get_open_orders(**LINEAR)["result"]["list"]
    closed = client.get_open_orders(**LINEAR, openOnly=1)["result"]["list"]

    assert placed["orderId"] not in [order["orderId"] for order in open_only]
    assert closed[0]["orderId"] == placed["orderId"]


def test_it_cancels_everything(client):
    for _ in range(3):
        client.place_order(**LINEAR, side="Buy", orderType="Limit", qty="0.001", price="59000")

    cancelled = client.cancel_all_orders(**LINEAR)["result"]

    assert len(cancelled["list"]) == 3
    assert cancelled["success"] == "1"
    assert client.get_open_orders(**LINEAR)["result"]["list"] == []


def test_it_switches_mode_and_leverage(client):
    client.switch_position_mode(**LINEAR, mode=3)
    legs = client.get_positions(**LINEAR)["result"]["list"]
    client.set_leverage(**LINEAR, buyLeverage="20", sellLeverage="20")
    with pytest.raises(InvalidRequestError) as again:
        client.set_leverage(**LINEAR, buyLeverage="20", sellLeverage="20")
    leverage = client.get_positions(**LINEAR)["result"]["list"][0]["leverage"]
    client.set_leverage(**LINEAR, buyLeverage="10", sellLeverage="10")
    client.switch_position_mode(**LINEAR, mode=0)

    assert [leg["positionIdx"] for leg in legs] == [1, 2]
    assert again.value.status_code == 110043
    assert leverage == "20"


def test_it_reads_account_fees_and_key(client, exchange):
    info = client.get_account_info()["result"]
    fees = client.get_fee_rates(**LINEAR)["result"]["list"]
    key = client.get_api_key_information()["result"]

    assert info["marginMode"] == "REGULAR_MARGIN"
    assert fees == [{"symbol": "BTCUSDT", "takerFeeRate": "0.00055", "makerFeeRate": "0.0002"}]
    assert key["apiKey"] == exchange.api_key
    assert key["permissions"]["Wallet"] == []
    assert key["createdAt"].endswith("Z") and key["createdAt"] < key["expiredAt"]
    assert key["deadlineDay"] in (89, 90)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"qty": "0.0001"}, 10001),
        ({"qty": "1000"}, 110007),
        ({"price": "59000.05"}, 110003),
        ({"reduceOnly": True}, 110017),
        ({"positionIdx": 1}, 10001),
        ({"category": "spot"}, 10001),
    ],
)
def test_a_refusal_surfaces_with_its_code(client, terms, code):
    order = {**LINEAR, "side": "Sell", "orderType": "Limit", "qty": "0.01", "price": "60500", **terms}

    with pytest.raises(InvalidRequestError) as refused:
        client.place_order(**order)

    assert refused.value.status_code == code


def test_a_link_id_is_refused_the_second_time(client):
    mine = link_id()
    order = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "59000"}
    client.place_order(**order, orderLinkId=mine)

    with pytest.raises(InvalidRequestError) as refused:
        client.place_order(**order, orderLinkId=mine)

    assert refused.value.status_code == 110072


def test_a_wrong_secret_is_refused_with_the_text_that_was_signed(exchange):
    client = HTTP(api_key=exchange.api_key, api_secret="wrong")
    client.endpoint = exchange.rest

    with pytest.raises(InvalidRequestError) as refused:
        client.get_wallet_balance(accountType="UNIFIED")

    assert refused.value.status_code == 10004
    assert "origin_string[" in refused.value.message


def test_an_unknown_key_is_refused(exchange):
    client = HTTP(api_key="nobody", api_secret="x")
    client.endpoint = exchange.rest

    with pytest.raises(InvalidRequestError) as refused:
        client.get_wallet_balance(accountType="UNIFIED")

    assert refused.value.status_code == 10003


def test_an_unknown_path_is_http_404(client):
    with pytest.raises(FailedRequestError) as failed:
        client.get_master_deposit_address(coin="USDT")

    assert failed.value.status_code == 404


def test_the_rate_limit_is_told_in_headers(exchange):
    client = client_of(exchange, return_response_headers=True)

    _, _, headers = client.get_open_orders(**LINEAR)

    assert headers["X-Bapi-Limit"] == "50"
    assert int(headers["X-Bapi-Limit-Status"]) < 50
    assert int(headers["X-Bapi-Limit-Reset-Timestamp"]) > 0
