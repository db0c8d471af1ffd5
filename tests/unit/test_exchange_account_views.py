"""Calls that clients make beside trading: what is always empty, what never changes, older settings."""

import pytest
from exchange_edge import Edge

LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
NOTHING = {"list": [], "nextPageCursor": ""}


@pytest.fixture
def edge(monkeypatch):
    return Edge(monkeypatch)


@pytest.mark.parametrize(
    ("path", "params", "result"),
    [
        ("/v5/account/borrow-history", {}, NOTHING),
        ("/v5/asset/coin-greeks", {}, {"list": []}),
        ("/v5/asset/deposit/query-record", {}, {"rows": [], "nextPageCursor": ""}),
        ("/v5/asset/withdraw/query-record", {}, {"rows": [], "nextPageCursor": ""}),
        ("/v5/asset/transfer/query-inter-transfer-list", {}, NOTHING),
        ("/v5/position/move-history", {}, NOTHING),
        ("/v5/asset/delivery-record", {"category": "linear"}, {"category": "linear", **NOTHING}),
        ("/v5/asset/settlement-record", {"category": "linear"}, {"category": "linear", **NOTHING}),
        ("/v5/position/get-closed-positions", {"category": "option"}, {"category": "option", **NOTHING}),
        ("/v5/announcements/index", {"locale": "en-US"}, {"total": 0, "list": []}),
        ("/v5/system/status", {}, {"list": []}),
        ("/v5/account/smp-group", {}, {"smpGroup": 0}),
        (
            "/v5/spot-margin-uta/status",
            {},
            {"spotLeverage": "", "spotMarginMode": "0", "effectiveLeverage": ""},
        ),
    ],
)
def test_what_nothing_ever_fills_is_told_in_its_own_shape(edge, path, params, result):
    reply = edge.get(path, **params)

    assert (reply["retCode"], reply["result"]) == (0, result)


def test_a_list_of_a_category_needs_one(edge):
    assert edge.get("/v5/asset/delivery-record")["retMsg"] == "Illegal category"


# Balances by wallet


def test_the_unified_wallet_has_the_money_and_the_one_for_funding_none(edge):
    path = "/v5/asset/transfer/query-account-coins-balance"
    unified = edge.get(path, accountType="UNIFIED", coin="USDT,BTC")["result"]
    fund = edge.get(path, accountType="FUND", coin="USDT")["result"]

    assert [(row["coin"], row["walletBalance"]) for row in unified["balance"]] == [
        ("USDT", "100000"),
        ("BTC", "0"),
    ]
    assert [row["walletBalance"] for row in fund["balance"]] == ["0"]
    assert edge.get(path, accountType="UNIFIED")["retCode"] == 10001  # coins must be named
    assert edge.get(path, accountType="SPOT", coin="USDT")["retMsg"] == "params error: accountType invalid"


def test_what_an_order_needs_can_not_be_taken_out(edge):
    edge.place(qty="0.1")

    one = edge.get("/v5/asset/transfer/query-account-coin-balance", accountType="UNIFIED", coin="USDT")[
        "result"
    ]["balance"]
    free = edge.get("/v5/account/withdrawal", coinName="USDT,BTC")["result"]
    available = edge.get("/v5/account/wallet-balance", accountType="UNIFIED")["result"]["list"][0]

    assert one["walletBalance"] == "100000"
    assert one["transferBalance"] == free["availableWithdrawal"] == available["totalAvailableBalance"]
    assert float(free["availableWithdrawal"]) < 100_000
    assert free["availableWithdrawalMap"]["BTC"] == "0"


# Collateral


def test_usdt_is_the_only_collateral_and_stays_it(edge):
    (row,) = edge.get("/v5/account/collateral-info")["result"]["list"]
    path, switch = "/v5/account/set-collateral-switch", {"coin": "BTC", "collateralSwitch": "OFF"}

    assert (row["currency"], row["marginCollateral"], row["borrowable"]) == ("USDT", True, False)
    assert edge.get("/v5/account/collateral-info", currency="BTC")["result"] == {"list": []}
    assert edge.post(path, switch)["result"] == {}
    assert edge.post(f"{path}-batch", {"request": [switch]})["result"] == {"list": [switch]}
    assert edge.post(path, {**switch, "coin": "USDT"})["retMsg"] == "params error: coin invalid"
    assert edge.post(path, {**switch, "collateralSwitch": "MAYBE"})["retCode"] == 10001


def test_spot_hedging_is_off(edge):
    path = "/v5/account/set-hedging-mode"

    assert edge.post(path, {"setHedgingMode": "OFF"})["retCode"] == 0
    assert edge.post(path, {"setHedgingMode": "ON"})["retMsg"] == "params error: setHedgingMode invalid"


# Older settings of positions


def test_the_mode_of_stops_counts_where_none_is_said(edge):
    edge.place(orderType="Market", qty="0.02")
    path = "/v5/position/set-tpsl-mode"
    stop = {**LINEAR, "positionIdx": 0, "stopLoss": "50000", "slSize": "0.01"}

    answer = edge.post(path, {**LINEAR, "tpSlMode": "Partial"})
    edge.post("/v5/position/trading-stop", stop)
    (made,) = edge.get("/v5/order/realtime", **LINEAR)["result"]["list"]

    assert answer["result"] == {"tpSlMode": "Partial"}
    assert (made["tpslMode"], made["stopOrderType"], made["qty"]) == ("Partial", "PartialStopLoss", "0.01")
    assert edge.post(path, {**LINEAR, "tpSlMode": "Half"})["retMsg"] == "params error: tpSlMode invalid"


def test_it_counts_for_an_orders_stops_too(edge):
    edge.post("/v5/position/set-tpsl-mode", {**LINEAR, "tpSlMode": "Partial"})

    edge.place(stopLoss="50000")
    (made,) = edge.get("/v5/order/realtime", **LINEAR)["result"]["list"]

    assert made["tpslMode"] == "Partial"


def test_a_risk_limit_is_acknowledged_and_changes_nothing(edge):
    path = "/v5/position/set-risk-limit"
    before = edge.get("/v5/position/list", **LINEAR)["result"]

    answer = edge.post(path, {**LINEAR, "riskId": 2, "positionIdx": 0})

    assert answer["result"] == {"category": "linear", "riskId": 2, "riskLimitValue": "2000000"}
    assert edge.get("/v5/position/list", **LINEAR)["result"] == before
    assert edge.post(path, {**LINEAR, "riskId": 99})["retMsg"] == "params error: riskId invalid"
    assert edge.post("/v5/position/confirm-pending-mmr", LINEAR)["result"] == {}
    assert edge.post("/v5/position/confirm-pending-mmr", {**LINEAR, "symbol": "NO"})["retCode"] == 10001


# Public


def test_an_accounts_instruments_are_the_markets(edge):
    (public,) = edge.get("/v5/market/instruments-info", **LINEAR)["result"]["list"]
    (own,) = edge.get("/v5/account/instruments-info", **LINEAR)["result"]["list"]

    assert own == {**public, "isPublicRpi": False, "myRpiPermission": False}
    assert edge.get("/v5/market/instruments-info", symbolType="xstocks", **LINEAR)["result"]["list"] == []


def test_the_settings_of_a_user_are_all_told(edge):
    settings = edge.get("/v5/account/user-setting-config")["result"]

    flags = dict.fromkeys(("lpaSpot", "lpaPerp", "deltaEnable", "smsef", "fmsef"), False)
    assert settings == {**flags, "smpType": 0}


def test_the_rpi_book_is_the_book(edge):
    book = edge.get("/v5/market/orderbook", limit=3, **LINEAR)["result"]
    rpi = edge.get("/v5/market/rpi_orderbook", limit=3, **LINEAR)["result"]

    assert rpi["b"] == [[price, size, "0"] for price, size in book["b"]]
    assert edge.get("/v5/market/rpi_orderbook", category="spot", symbol="BTCUSDT")["result"]["b"] == []


def test_a_demo_account_has_what_its_page_lists(monkeypatch):
    demo = Edge(monkeypatch, flavour="demo")

    assert demo.get("/v5/account/collateral-info")["retCode"] == 0
    assert demo.get("/v5/asset/delivery-record", category="linear")["retCode"] == 0
    assert demo.get("/v5/asset/deposit/query-record")["retCode"] == 10032
    assert demo.post("/v5/position/set-tpsl-mode", {**LINEAR, "tpSlMode": "Full"})["retCode"] == 10032
