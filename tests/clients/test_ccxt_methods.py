"""Every method that ccxt has for linear contracts finds what it asks for; others find no route."""

import ccxt
import pytest
from ccxt_client import linear_client

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

SYMBOL = "BTC/USDT:USDT"


@pytest.fixture(scope="module")
def exchange():
    with ExchangeProcess(ExchangeSettings(rate_tier="60", institutional_accounts=1)) as ready:
        yield ready


@pytest.fixture(scope="module")
def client(exchange):
    return linear_client(ccxt, exchange)


READS = [  # method, arguments, whether something must come
    ("fetch_status", (), True),
    ("fetch_time", (), True),
    ("fetch_currencies", (), True),
    ("fetch_markets", (), True),
    ("fetch_ticker", (SYMBOL,), True),
    ("fetch_tickers", (), True),
    ("fetch_bids_asks", ([SYMBOL],), True),
    ("fetch_order_book", (SYMBOL,), True),
    ("fetch_l2_order_book", (SYMBOL,), True),
    ("fetch_trades", (SYMBOL,), False),  # there may be none in the first second
    ("fetch_ohlcv", (SYMBOL,), True),
    ("fetch_mark_ohlcv", (SYMBOL,), True),
    ("fetch_index_ohlcv", (SYMBOL,), True),
    ("fetch_premium_index_ohlcv", (SYMBOL,), True),
    ("fetch_funding_rate", (SYMBOL,), True),
    ("fetch_funding_rates", (), True),
    ("fetch_funding_rate_history", (SYMBOL,), False),
    ("fetch_open_interest", (SYMBOL,), True),
    ("fetch_open_interest_history", (SYMBOL,), True),
    ("fetch_long_short_ratio_history", (SYMBOL, "1h"), True),
    ("fetch_leverage_tiers", (), True),
    ("fetch_market_leverage_tiers", (SYMBOL,), True),
    ("fetch_settlement_history", (SYMBOL,), False),
    ("fetch_volatility_history", ("BTC",), False),
    ("fetch_all_greeks", (), False),
    ("fetch_option_chain", ("BTC",), False),
    ("fetch_balance", (), True),
    ("fetch_balance", ({"type": "funding"},), True),
    ("fetch_positions", (), False),
    ("fetch_position", (SYMBOL,), True),
    ("fetch_position_adl_rank", (SYMBOL,), True),
    ("fetch_positions_adl_rank", ([SYMBOL],), True),
    ("fetch_position_history", (SYMBOL,), False),
    ("fetch_positions_history", ([SYMBOL],), False),
    ("fetch_leverage", (SYMBOL,), True),
    ("fetch_margin_mode", (SYMBOL,), True),
    ("fetch_trading_fee", (SYMBOL,), True),
    ("fetch_trading_fees", ({"category": "linear"},), True),
    ("fetch_open_orders", (SYMBOL,), False),
    ("fetch_closed_orders", (SYMBOL,), False),
    ("fetch_canceled_orders", (SYMBOL,), False),
    ("fetch_canceled_and_closed_orders", (SYMBOL,), False),
    ("fetch_my_trades", (SYMBOL,), False),
    ("fetch_my_liquidations", (SYMBOL,), False),
    ("fetch_my_settlement_history", (SYMBOL,), False),
    ("fetch_funding_history", (SYMBOL,), False),
    ("fetch_ledger", ("USDT",), True),
    ("fetch_deposits", (), False),
    ("fetch_withdrawals", (), False),
    ("fetch_transfers", (), False),
    ("fetch_deposit_withdraw_fees", (), True),
    ("is_unified_enabled", (), True),
]


@pytest.mark.parametrize(
    ("method", "arguments", "comes"), READS, ids=[f"{method}{arguments}" for method, arguments, _ in READS]
)
def test_what_ccxt_reads(client, method, arguments, comes):
    found = getattr(client, method)(*arguments)

    assert found or not comes


def near(client, share):
    return float(client.price_to_precision(SYMBOL, client.fetch_ticker(SYMBOL)["bid"] * share))


RISES = {"triggerDirection": "ascending"}

ORDERS = {  # each order method of ccxt; prices are shares of the best bid
    "create_order": lambda c: (SYMBOL, "limit", "buy", 0.01, near(c, 0.99)),
    "create_limit_order": lambda c: (SYMBOL, "buy", 0.01, near(c, 0.99)),
    "create_post_only_order": lambda c: (SYMBOL, "limit", "buy", 0.01, near(c, 0.99)),
    "create_reduce_only_order": lambda c: (SYMBOL, "limit", "sell", 0.01, near(c, 1.01)),
    "create_stop_loss_order": lambda c: (SYMBOL, "market", "sell", 0.01, None, near(c, 0.95)),
    "create_take_profit_order": lambda c: (SYMBOL, "market", "sell", 0.01, None, near(c, 1.05)),
    "create_trailing_amount_order": lambda c: (SYMBOL, "market", "sell", 0.01, None, 500.0),
    "create_trigger_order": lambda c: (SYMBOL, "market", "buy", 0.01, None, near(c, 1.02), RISES),
    "create_stop_order": lambda c: (SYMBOL, "market", "buy", 0.01, None, near(c, 1.02), RISES),
    "create_stop_market_order": lambda c: (SYMBOL, "buy", 0.01, near(c, 1.02), RISES),
    "create_stop_limit_order": lambda c: (SYMBOL, "buy", 0.01, near(c, 1.02), near(c, 1.02), RISES),
    "create_order_with_take_profit_and_stop_loss": lambda c: (
        *(SYMBOL, "limit", "buy", 0.01, near(c, 0.99), near(c, 1.05), near(c, 0.95)),
    ),
}


@pytest.mark.parametrize("method", ORDERS)
def test_every_kind_of_order_is_taken(client, method):
    client.create_market_order(SYMBOL, "buy", 0.01)

    getattr(client, method)(*ORDERS[method](client))
    is_waiting = bool(client.fetch_open_orders(SYMBOL))
    client.cancel_all_orders(SYMBOL)
    client.create_market_order(SYMBOL, "sell", 0.01, params={"reduceOnly": True})

    assert is_waiting
    assert client.fetch_open_orders(SYMBOL) == []


def test_batches_are_made_edited_and_cancelled(client):
    order = {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": near(client, 0.985)}

    made = client.create_orders([order, order, order])
    client.edit_orders([{**order, "id": one["id"], "amount": 0.02} for one in made])
    amounts = [one["amount"] for one in client.fetch_open_orders(SYMBOL)]
    client.cancel_orders([made[0]["id"], made[1]["id"]], SYMBOL)
    client.cancel_orders_for_symbols([{"id": made[2]["id"], "symbol": SYMBOL}])

    assert amounts == [0.02] * 3
    assert client.fetch_open_orders(SYMBOL) == []


def test_settings_are_taken(client):
    client.set_leverage(7, SYMBOL)
    client.set_margin_mode("isolated")
    client.set_margin_mode("cross")
    client.set_position_mode(True, "ETH/USDT:USDT")
    client.cancel_all_orders_after(40_000)

    assert client.fetch_leverage(SYMBOL)["longLeverage"] == 7


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("transfer", ("USDT", 1, "funding", "unified")),
        ("fetch_deposit_address", ("USDT",)),
        ("fetch_convert_currencies", ()),
        ("borrow_cross_margin", ("USDT", 1)),
        ("fetch_cross_borrow_rate", ("USDT",)),
    ],
)
def test_what_is_no_trading_of_contracts_has_no_route(client, method, arguments):
    with pytest.raises(ccxt.BadRequest, match="10017"):
        getattr(client, method)(*arguments)
