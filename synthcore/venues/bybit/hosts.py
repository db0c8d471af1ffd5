"""Bybit's three worlds: which hosts belong together, and what each of them does not serve."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Environment = Literal["mainnet", "testnet", "demo"]


class Hosts(Struct, frozen=True, kw_only=True):
    """The hosts of one environment. `None` means that Bybit does not serve it there."""

    environment: Environment
    rest: tuple[str, ...]  # tried in this order for what is safe to repeat
    ws_public: str | None  # linear
    ws_private: str
    ws_trade: str | None
    market_data_from: Environment  # whose public stream carries this environment's market
    missing_rest: frozenset[str] = frozenset()  # paths that answer 10032 there


# Not in the documentation's list for demo accounts, so treated as absent.
DEMO_MISSING_REST = frozenset(
    {
        "/v5/account/fee-rate",
        "/v5/account/query-dcp-info",
        "/v5/account/set-limit-px-action",
        "/v5/order/disconnected-cancel-all",
        "/v5/order/pre-check",
    }
)

MAINNET = Hosts(
    environment="mainnet",
    rest=("https://api.bybit.com", "https://api.bytick.com"),
    ws_public="wss://stream.bybit.com/v5/public/linear",
    ws_private="wss://stream.bybit.com/v5/private",
    ws_trade="wss://stream.bybit.com/v5/trade",
    market_data_from="mainnet",
)
TESTNET = Hosts(
    environment="testnet",
    rest=("https://api-testnet.bybit.com",),
    ws_public="wss://stream-testnet.bybit.com/v5/public/linear",
    ws_private="wss://stream-testnet.bybit.com/v5/private",
    ws_trade="wss://stream-testnet.bybit.com/v5/trade",
    market_data_from="testnet",
)
# Demo matches against the mainnet market and has private streams only.
DEMO = Hosts(
    environment="demo",
    rest=("https://api-demo.bybit.com",),
    ws_public=None,
    ws_private="wss://stream-demo.bybit.com/v5/private",
    ws_trade=None,
    market_data_from="mainnet",
    missing_rest=DEMO_MISSING_REST,
)

HOSTS: dict[Environment, Hosts] = {"mainnet": MAINNET, "testnet": TESTNET, "demo": DEMO}

PUBLIC_PATH = "/v5/public/linear"
PRIVATE_PATH = "/v5/private"
TRADE_PATH = "/v5/trade"


def market_data_url(environment: Environment) -> str:
    """The public linear stream that carries the market of `environment`."""
    url = HOSTS[HOSTS[environment].market_data_from].ws_public
    assert url is not None  # by the table above: demo points at mainnet, the others at themselves
    return url
