"""ccxt's unmodified client tells a whole story: only its `urls` are set, as its manual says."""

import ccxt
import pytest
from ccxt_client import linear_client

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

SYMBOL = "BTC/USDT:USDT"


@pytest.fixture(scope="module")
def exchange():
    with ExchangeProcess(ExchangeSettings(rate_tier="60")) as ready:
        yield ready


@pytest.fixture(scope="module")
def client(exchange):
    return linear_client(ccxt, exchange)


def test_it_loads_the_markets(client):
    market = client.market(SYMBOL)

    assert (market["id"], market["linear"], market["contract"]) == ("BTCUSDT", True, True)
    assert (market["precision"]["price"], market["precision"]["amount"]) == (0.1, 0.001)
    assert client.currencies["USDT"]["code"] == "USDT"


def test_it_reads_the_market(client):
    ticker, book = client.fetch_ticker(SYMBOL), client.fetch_order_book(SYMBOL, limit=5)

    assert ticker["bid"] < ticker["ask"]
    assert (len(book["bids"]), len(book["asks"])) == (5, 5)
    assert client.fetch_ohlcv(SYMBOL, "1m")[-1][4] > 0
    assert client.fetch_funding_rate(SYMBOL)["fundingRate"] is not None
    assert client.fetch_open_interest(SYMBOL)["openInterestAmount"] > 0
    assert client.fetch_market_leverage_tiers(SYMBOL)[0]["maxLeverage"] >= 100


def test_it_places_amends_and_cancels(client):
    price = client.price_to_precision(SYMBOL, client.fetch_ticker(SYMBOL)["bid"] * 0.99)
    made = client.create_order(SYMBOL, "limit", "buy", 0.01, float(price))
    seen = client.fetch_open_order(made["id"], SYMBOL)
    client.edit_order(made["id"], SYMBOL, "limit", "buy", 0.02, float(price))
    edited = client.fetch_open_orders(SYMBOL)
    client.cancel_order(made["id"], SYMBOL)

    assert (seen["status"], seen["amount"], seen["price"]) == ("open", 0.01, float(price))
    assert [order["amount"] for order in edited] == [0.02]
    assert client.fetch_open_orders(SYMBOL) == []
    assert client.fetch_canceled_orders(SYMBOL)[-1]["id"] == made["id"]


def test_it_fills_holds_and_closes_a_position(client):
    client.set_leverage(5, SYMBOL)
    before = client.fetch_balance()["USDT"]["total"]
    made = client.create_order(SYMBOL, "market", "buy", 0.01)
    held = client.fetch_position(SYMBOL)
    fill = client.fetch_my_trades(SYMBOL)[-1]
    client.create_order(SYMBOL, "market", "sell", 0.01, params={"reduceOnly": True})

    assert (held["side"], held["contracts"], held["leverage"]) == ("long", 0.01, 5.0)
    assert (fill["order"], fill["takerOrMaker"], fill["amount"]) == (made["id"], "taker", 0.01)
    assert client.fetch_positions([SYMBOL])[0]["contracts"] == 0
    assert client.fetch_balance()["USDT"]["total"] < before  # fees and the spread
    assert client.fetch_ledger("USDT")


def test_it_stops_with_a_conditional_order(client):
    ask = client.fetch_ticker(SYMBOL)["ask"]
    trigger = {"triggerPrice": ask * 1.01, "triggerDirection": "ascending"}
    made = client.create_order(SYMBOL, "market", "buy", 0.01, params=trigger)

    waiting = client.fetch_open_orders(SYMBOL, params={"trigger": True})
    client.cancel_all_orders(SYMBOL, {"trigger": True})

    assert [order["id"] for order in waiting] == [made["id"]]
    assert client.fetch_open_orders(SYMBOL, params={"trigger": True}) == []


def test_a_refusal_is_ccxts_own_error(client):
    with pytest.raises(ccxt.InsufficientFunds):
        client.create_order(SYMBOL, "limit", "buy", 100, client.fetch_ticker(SYMBOL)["bid"])
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order("00000000-0000-4000-8000-000000000000", SYMBOL)
