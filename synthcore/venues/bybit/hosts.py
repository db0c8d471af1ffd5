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
    rest_paths: frozenset[str] | None = None  # what it serves besides market data; None: everything

    def serves(self, path: str) -> bool:
        """Whether a REST path exists there; one that does not answers 10032."""
        return self.rest_paths is None or path.startswith(MARKET_DATA) or path in self.rest_paths


# The documentation's list of what a demo account can call, besides all market data.
DEMO_REST = frozenset(
    {
        *(f"/v5/order/{name}" for name in ("create", "amend", "cancel", "realtime", "cancel-all", "history")),
        *(f"/v5/order/{name}" for name in ("create-batch", "amend-batch", "cancel-batch")),
        "/v5/execution/list",
        *(f"/v5/position/{name}" for name in ("list", "set-leverage", "switch-mode", "trading-stop")),
        *(f"/v5/position/{name}" for name in ("set-auto-add-margin", "add-margin", "closed-pnl")),
        *(f"/v5/account/{name}" for name in ("wallet-balance", "borrow-history", "collateral-info", "info")),
        *(f"/v5/account/{name}" for name in ("set-collateral-switch", "transaction-log", "set-margin-mode")),
        *(f"/v5/account/{name}" for name in ("set-hedging-mode", "demo-apply-money")),
        *(f"/v5/asset/{name}" for name in ("coin-greeks", "delivery-record", "settlement-record")),
        *(f"/v5/spot-margin-trade/{name}" for name in ("switch-mode", "set-leverage")),
        "/v5/spot-margin-uta/status",
        "/v5/user/query-api",
    }
)
MARKET_DATA = "/v5/market/"

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
    rest_paths=DEMO_REST,
)

HOSTS: dict[Environment, Hosts] = {"mainnet": MAINNET, "testnet": TESTNET, "demo": DEMO}

PUBLIC_PATH = "/v5/public/linear"
PRIVATE_PATH = "/v5/private"
TRADE_PATH = "/v5/trade"
STATUS_PATH = "/v5/public/misc/status"


def market_data_url(environment: Environment) -> str:
    """The public linear stream that carries the market of `environment`."""
    url = HOSTS[HOSTS[environment].market_data_from].ws_public
    assert url is not None  # by the table above: demo points at mainnet, the others at themselves
    return url
