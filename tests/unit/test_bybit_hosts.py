"""The three worlds of Bybit are kept apart, and say what they don't serve."""

from synthcore.venues.bybit.hosts import DEMO, HOSTS, MAINNET, market_data_url


def test_demo_has_no_public_and_no_trade_socket():
    assert DEMO.ws_public is None
    assert DEMO.ws_trade is None
    assert "/v5/account/fee-rate" in DEMO.missing_rest


def test_demo_takes_its_market_from_mainnet():
    assert market_data_url("demo") == MAINNET.ws_public


def test_no_host_belongs_to_two_environments():
    hosts = [
        url for row in HOSTS.values() for url in (*row.rest, row.ws_public, row.ws_private, row.ws_trade)
    ]
    named = [url for url in hosts if url is not None]

    assert len(named) == len(set(named))
