"""What is asked, as data: every call that reads, and those that are refused or change nothing."""

from __future__ import annotations

from typing import Any

SYMBOL = "BTCUSDT"
LINEAR = {"category": "linear", "symbol": SYMBOL}
NOBODY = "00000000-0000-4000-8000-000000000000"

# Path and parameters of what needs no key.
MARKET: tuple[tuple[str, dict[str, str]], ...] = (
    ("/v5/market/time", {}),
    ("/v5/market/instruments-info", LINEAR),
    ("/v5/market/tickers", LINEAR),
    ("/v5/market/orderbook", {**LINEAR, "limit": "25"}),
    ("/v5/market/recent-trade", {**LINEAR, "limit": "50"}),
    ("/v5/market/kline", {**LINEAR, "interval": "1", "limit": "5"}),
    ("/v5/market/mark-price-kline", {**LINEAR, "interval": "1", "limit": "5"}),
    ("/v5/market/index-price-kline", {**LINEAR, "interval": "1", "limit": "5"}),
    ("/v5/market/premium-index-price-kline", {**LINEAR, "interval": "1", "limit": "5"}),
    ("/v5/market/funding/history", {**LINEAR, "limit": "5"}),
    ("/v5/market/open-interest", {**LINEAR, "intervalTime": "5min", "limit": "5"}),
    ("/v5/market/risk-limit", LINEAR),
    ("/v5/market/price-limit", LINEAR),
    ("/v5/market/insurance", {"coin": "USDT"}),
)
PUBLIC_REFUSALS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("unknown symbol", "/v5/market/tickers", {"category": "linear", "symbol": "NOSUCHUSDT"}),
    ("unknown category", "/v5/market/tickers", {"category": "future", "symbol": SYMBOL}),
    ("unknown path", "/v5/market/no-such-call", {}),
)
# What needs a key and changes nothing.
ACCOUNT: tuple[tuple[str, dict[str, str]], ...] = (
    ("/v5/user/query-api", {}),
    ("/v5/account/info", {}),
    ("/v5/account/wallet-balance", {"accountType": "UNIFIED"}),
    ("/v5/account/fee-rate", LINEAR),
    ("/v5/account/transaction-log", {"limit": "5"}),
    ("/v5/account/user-setting-config", {}),
    ("/v5/account/query-dcp-info", {}),
    ("/v5/asset/coin/query-info", {"coin": "USDT"}),
    ("/v5/position/list", LINEAR),
    ("/v5/position/closed-pnl", {**LINEAR, "limit": "5"}),
    ("/v5/position/symbol-info", LINEAR),
)
PUBLIC_TOPICS = (
    "tickers",
    "orderbook.1",
    "orderbook.50",
    "orderbook.200",
    "orderbook.1000",
    "publicTrade",
    "kline.1",
    "priceLimit",
)
PRIVATE_TOPICS = ("order", "execution", "position", "wallet")


def refused_orders(order: dict[str, Any]) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """Calls that a healthy exchange refuses: the reason, the path, the body."""
    unknown = {**LINEAR, "orderId": NOBODY}
    return (
        ("unknown order", "/v5/order/cancel", unknown),
        ("unknown order", "/v5/order/amend", {**unknown, "qty": "0.002"}),
        ("unknown side", "/v5/order/create", {**order, "side": "Up"}),
        ("quantity too small", "/v5/order/create", {**order, "qty": "0.0001"}),
        ("quantity too large", "/v5/order/create", {**order, "qty": "1000000"}),
        ("price off the tick", "/v5/order/create", {**order, "price": order["price"] + ".0001"}),
        ("unknown category", "/v5/order/create", {**order, "category": "future"}),
        ("unknown symbol", "/v5/order/create", {**order, "symbol": "NOSUCHUSDT"}),
        ("nothing to reduce", "/v5/order/create", {**order, "reduceOnly": True}),
        (
            "no position",
            "/v5/position/trading-stop",
            {**LINEAR, "tpslMode": "Full", "positionIdx": order["positionIdx"], "stopLoss": order["price"]},
        ),
        (
            "no position",
            "/v5/position/add-margin",
            {**LINEAR, "positionIdx": order["positionIdx"], "margin": "1"},
        ),
    )


def settings_as_they_are(
    position: dict[str, Any], margin_mode: str, is_limit_moved: bool
) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Calls that set what is set already.

    Parameters
    ----------
    position
        A row of `position/list`.
    is_limit_moved
        `lpaPerp` of `user-setting-config`.
    """
    leverage = position["leverage"]
    mode = 0 if position["positionIdx"] == 0 else 3
    return (
        ("/v5/position/set-leverage", {**LINEAR, "buyLeverage": leverage, "sellLeverage": leverage}),
        ("/v5/position/switch-mode", {**LINEAR, "mode": mode}),
        (
            "/v5/position/set-auto-add-margin",
            {**LINEAR, "autoAddMargin": position["autoAddMargin"], "positionIdx": position["positionIdx"]},
        ),
        ("/v5/account/set-margin-mode", {"setMarginMode": margin_mode}),
        ("/v5/account/set-limit-px-action", {"category": "linear", "modifyEnable": is_limit_moved}),
    )
