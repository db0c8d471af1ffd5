"""pybit's other calls of linear contracts: what its users call beside orders, with its own method names."""

import pytest
from pybit.exceptions import FailedRequestError, InvalidRequestError
from pybit.unified_trading import HTTP

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
OPTION = {"category": "option", "baseCoin": "BTC"}


@pytest.fixture(scope="module")
def client():
    with ExchangeProcess(ExchangeSettings(symbols=("BTCUSDT",), rate_tier="60")) as ready:
        client = HTTP(api_key=ready.api_key, api_secret=ready.api_secret)
        client.endpoint = ready.rest
        yield client


CALLS = [
    ("get_server_time", {}),
    ("get_system_status", {}),
    ("get_announcement", {"locale": "en-US"}),
    ("get_kline", {**LINEAR, "interval": "1"}),
    ("get_mark_price_kline", {**LINEAR, "interval": "1"}),
    ("get_index_price_kline", {**LINEAR, "interval": "1"}),
    ("get_premium_index_price_kline", {**LINEAR, "interval": "1"}),
    ("get_instruments_info", LINEAR),
    ("get_orderbook", LINEAR),
    ("get_rpi_orderbook", {**LINEAR, "limit": 5}),
    ("get_tickers", LINEAR),
    ("get_funding_rate_history", LINEAR),
    ("get_public_trade_history", LINEAR),
    ("get_open_interest", {**LINEAR, "intervalTime": "5min"}),
    ("get_insurance", {"coin": "USDT"}),
    ("get_risk_limit", LINEAR),
    ("get_price_limit", LINEAR),
    ("get_long_short_ratio", {**LINEAR, "period": "5min"}),
    ("get_option_delivery_price", {"category": "linear"}),
    ("get_new_delivery_price", OPTION),
    ("get_historical_volatility", OPTION),
    ("get_wallet_balance", {"accountType": "UNIFIED"}),
    ("get_transferable_amount", {"coinName": "USDT"}),
    ("get_borrow_history", {"currency": "USDT"}),
    ("get_collateral_info", {}),
    ("set_collateral_coin", {"coin": "BTC", "collateralSwitch": "ON"}),
    ("batch_set_collateral_coin", {"request": [{"coin": "BTC", "collateralSwitch": "ON"}]}),
    ("get_coin_greeks", {}),
    ("get_fee_rates", LINEAR),
    ("get_account_info", {}),
    ("get_account_instruments_info", LINEAR),
    ("get_transaction_log", {}),
    ("set_hedging_mode", {"setHedgingMode": "OFF"}),
    ("get_smp_group", {}),
    ("get_user_setting_config", {}),
    ("set_limit_price_action", {"category": "linear", "modifyEnable": True}),
    ("get_positions", LINEAR),
    ("set_tp_sl_mode", {**LINEAR, "tpSlMode": "Full"}),
    ("set_risk_limit", {**LINEAR, "riskId": 1}),
    ("confirm_new_risk_limit", LINEAR),
    ("get_executions", LINEAR),
    ("get_closed_pnl", LINEAR),
    ("get_move_position_history", {}),
    ("get_closed_options_positions", {"category": "option"}),
    ("get_option_delivery_record", {"category": "linear"}),
    ("get_usdc_contract_settlement", {"category": "linear"}),
    ("get_coins_balance", {"accountType": "UNIFIED", "coin": "USDT"}),
    ("get_coin_balance", {"accountType": "UNIFIED", "coin": "USDT"}),
    ("get_transferable_coin", {"fromAccountType": "UNIFIED", "toAccountType": "FUND"}),
    ("get_internal_transfer_records", {}),
    ("get_deposit_records", {}),
    ("get_internal_deposit_records", {}),
    ("get_withdrawal_records", {}),
    ("get_coin_info", {}),
    ("get_api_key_information", {}),
    ("get_uid_wallet_type", {}),
]


@pytest.mark.parametrize(("method", "arguments"), CALLS, ids=[method for method, _ in CALLS])
def test_a_call_is_answered(client, method, arguments):
    assert getattr(client, method)(**arguments)["retCode"] == 0


def test_what_is_not_served_has_no_route(client):
    with pytest.raises((InvalidRequestError, FailedRequestError), match=r"404|10017"):
        client.get_asset_overview()
