"""The three worlds of Bybit are kept apart, and say what they don't serve."""

import pytest

from synthcore.venues.bybit.hosts import DEMO, HOSTS, MAINNET, market_data_url


def test_demo_has_no_public_and_no_trade_socket():
    assert DEMO.ws_public is None
    assert DEMO.ws_trade is None


@pytest.mark.parametrize(
    "path", ["/v5/market/tickers", "/v5/order/create-batch", "/v5/account/wallet-balance"]
)
def test_demo_serves_what_its_page_lists(path):
    assert DEMO.serves(path)


@pytest.mark.parametrize(
    "path", ["/v5/account/fee-rate", "/v5/order/pre-check", "/v5/asset/transfer/inter-transfer"]
)
def test_demo_serves_nothing_else(path):
    assert not DEMO.serves(path)
    assert MAINNET.serves(path)


def test_demo_takes_its_market_from_mainnet():
    assert market_data_url("demo") == MAINNET.ws_public


def test_no_host_belongs_to_two_environments():
    hosts = [
        url for row in HOSTS.values() for url in (*row.rest, row.ws_public, row.ws_private, row.ws_trade)
    ]
    named = [url for url in hosts if url is not None]

    assert len(named) == len(set(named))
