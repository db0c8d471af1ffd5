"""Isolated margin through other people's clients: pybit's and ccxt's own methods."""

import ccxt
import pytest
from ccxt_client import linear_client
from pybit.exceptions import InvalidRequestError
from pybit.unified_trading import HTTP

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
SYMBOL = "BTC/USDT:USDT"


@pytest.fixture(scope="module")
def exchange():
    with ExchangeProcess(ExchangeSettings(market="steady", rate_tier="60", accounts=2)) as ready:
        yield ready


@pytest.fixture
def client(exchange):
    client = HTTP(api_key=exchange.api_key, api_secret=exchange.api_secret)
    client.endpoint = exchange.rest
    return client


def code_of(call, **fields):
    with pytest.raises(InvalidRequestError) as refused:
        call(**fields)
    return refused.value.status_code


def test_pybit_isolates_adds_and_takes_back_margin(client):
    assert client.set_margin_mode(setMarginMode="ISOLATED_MARGIN")["result"] == {"reasons": []}
    again = code_of(client.set_margin_mode, setMarginMode="ISOLATED_MARGIN")
    client.place_order(**LINEAR, side="Buy", orderType="Market", qty="0.01")
    before = position_of(client)
    added = client.add_or_reduce_margin(**LINEAR, margin="10")["result"]
    client.set_auto_add_margin(**LINEAR, autoAddMargin=1)
    after = position_of(client)
    too_much = code_of(client.add_or_reduce_margin, **LINEAR, margin="-10.5")
    client.add_or_reduce_margin(**LINEAR, margin="-10")
    wallet = client.get_wallet_balance(accountType="UNIFIED")["result"]["list"][0]
    info = client.get_account_info()["result"]
    client.set_auto_add_margin(**LINEAR, autoAddMargin=0)
    client.place_order(**LINEAR, side="Sell", orderType="Market", qty="0.01", reduceOnly=True)
    client.set_margin_mode(setMarginMode="REGULAR_MARGIN")

    assert (again, too_much) == (110026, 110078)
    assert float(added["positionIM"]) == float(before["positionIM"]) + 10
    assert float(added["bustPrice"]) < float(added["liqPrice"]) < float(before["liqPrice"])
    assert (before["autoAddMargin"], after["autoAddMargin"]) == (0, 1)
    assert after["positionIM"] == after["positionBalance"] == added["positionIM"]
    assert (wallet["totalAvailableBalance"], wallet["accountMMRate"]) == ("", "")
    assert wallet["coin"][0]["totalPositionIM"] == before["positionIM"]
    assert info["marginMode"] == "ISOLATED_MARGIN"
    assert client.get_account_info()["result"]["marginMode"] == "REGULAR_MARGIN"


def test_pybit_hears_why_not(client):
    assert code_of(client.set_margin_mode, setMarginMode="PORTFOLIO_MARGIN") == 3400045
    assert code_of(client.set_margin_mode, setMarginMode="CROSS") == 10001
    assert code_of(client.add_or_reduce_margin, **LINEAR, margin="10") == 110015
    assert code_of(client.set_auto_add_margin, **LINEAR, autoAddMargin=1) == 110076
    leverage = {"buyLeverage": "5", "sellLeverage": "5"}
    assert code_of(client.switch_margin_mode, **LINEAR, tradeMode=1, **leverage) == 100028


def test_pybit_has_limits_beyond_the_band_refused(client):
    limit = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "69000"}

    client.set_limit_price_action(category="linear", modifyEnable=False)
    refused = code_of(client.place_order, **limit)
    config = client.get_user_setting_config()["result"]
    client.set_limit_price_action(category="linear", modifyEnable=True)

    assert (refused, config["lpaPerp"], config["lpaSpot"]) == (30208, True, False)
    assert client.get_user_setting_config()["result"]["lpaPerp"] is False


def test_ccxt_isolates_and_adds_margin(exchange):
    client = linear_client(ccxt, exchange, exchange.accounts[1])

    client.set_margin_mode("isolated", SYMBOL)
    with pytest.raises(ccxt.MarginModeAlreadySet):
        client.set_margin_mode("isolated", SYMBOL)
    client.set_leverage(5, SYMBOL)
    client.create_order(SYMBOL, "market", "buy", 0.01)
    before = client.fetch_position(SYMBOL)
    request = {"category": "linear", "symbol": "BTCUSDT", "margin": "20"}
    client.privatePostV5PositionAddMargin(request)
    after = client.fetch_position(SYMBOL)
    balance = client.fetch_balance()["USDT"]

    assert after["liquidationPrice"] < before["liquidationPrice"]
    assert after["initialMargin"] == pytest.approx(before["initialMargin"] + 20)
    assert balance["total"] > 0


def position_of(client):
    return client.get_positions(**LINEAR)["result"]["list"][0]
