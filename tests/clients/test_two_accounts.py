"""Two accounts of one exchange over real sockets: they meet in the book, and hear only their own."""

from pybit.unified_trading import HTTP

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

ORDER = {"category": "linear", "symbol": "BTCUSDT", "orderType": "Limit", "qty": "1"}


def client_of(ready, account):
    client = HTTP(api_key=account.api_key, api_secret=account.api_secret)
    client.endpoint = ready.rest
    return client


def test_two_accounts_trade_with_each_other():
    settings = ExchangeSettings(market="steady", accounts=2, symbols=("BTCUSDT",))
    with ExchangeProcess(settings) as ready:
        maker, taker = (client_of(ready, account) for account in ready.accounts)
        # The best bid is shared with the market, so the maker stands behind it: take all of it, and ours.
        maker.place_order(side="Buy", price="60000", **ORDER)
        taker.place_order(side="Sell", price="60000", **{**ORDER, "qty": "2.5"})

        bought = maker.get_executions(category="linear")["result"]["list"]
        sold = taker.get_executions(category="linear")["result"]["list"]
        long = maker.get_positions(category="linear", symbol="BTCUSDT")["result"]["list"][0]
        short = taker.get_positions(category="linear", symbol="BTCUSDT")["result"]["list"][0]

    assert [(row["execQty"], row["isMaker"]) for row in bought] == [("0.5", True)]
    assert {(row["execPrice"], row["isMaker"]) for row in sold} == {("60000", False)}
    assert (long["side"], long["size"]) == ("Buy", "0.5")
    assert (short["side"], short["size"]) == ("Sell", "2.5")


def test_an_account_does_not_see_the_others_orders():
    settings = ExchangeSettings(market="steady", accounts=2, symbols=("BTCUSDT",))
    with ExchangeProcess(settings) as ready:
        one, other = (client_of(ready, account) for account in ready.accounts)
        order_id = one.place_order(side="Buy", price="59000", **ORDER)["result"]["orderId"]

        seen = other.get_open_orders(category="linear", symbol="BTCUSDT")["result"]["list"]
        wallet = other.get_wallet_balance(accountType="UNIFIED")["result"]["list"][0]
        own = one.get_open_orders(category="linear", symbol="BTCUSDT")["result"]["list"]
        users = {client.get_api_key_information()["result"]["userID"] for client in (one, other)}

    assert (seen, wallet["totalInitialMargin"]) == ([], "0")
    assert [row["orderId"] for row in own] == [order_id]
    assert len(users) == 2


def test_each_account_has_its_own_rate_limit():
    settings = ExchangeSettings(market="steady", accounts=2, symbols=("BTCUSDT",))
    with ExchangeProcess(settings) as ready:
        one, other = (client_of(ready, account) for account in ready.accounts)
        for price in range(10):
            one.place_order(side="Buy", price=str(59000 + price), **{**ORDER, "qty": "0.001"})

        reply = other.place_order(side="Buy", price="59000", **{**ORDER, "qty": "0.001"})

    assert reply["retCode"] == 0
