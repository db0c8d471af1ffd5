"""Keys that may do less than their account: reading only, some writes only, from some addresses only."""

import json

import pytest
from exchange_edge import BUY, Edge

from synthcore.exchange.key_terms import KeyTerms
from synthcore.exchange.settings import ExchangeSettings
from synthcore.testing.virtual import VirtualExchange
from synthcore.venues.bybit.signing import Signer

CANCEL_ALL = {"category": "linear", "symbol": "BTCUSDT"}
LEVERAGE = {"category": "linear", "symbol": "BTCUSDT", "buyLeverage": "7", "sellLeverage": "7"}
DENIED = (10005, "Permission denied, please check your API key permissions.")


def edge_with(monkeypatch, terms, **settings):
    """An exchange whose client uses a further key of these terms."""
    edge = Edge(monkeypatch, keys=(terms,), **settings)
    edge.signer = edge.signers[-1]
    return edge


def code_and_text(reply):
    return reply["retCode"], reply["retMsg"]


def test_a_key_that_only_reads(monkeypatch):
    edge = edge_with(monkeypatch, KeyTerms(read_only=True))

    refused = [
        code_and_text(edge.post(path, body))
        for path, body in (
            ("/v5/order/create", BUY),
            ("/v5/order/cancel-all", CANCEL_ALL),
            ("/v5/position/set-leverage", LEVERAGE),
            ("/v5/account/set-margin-mode", {"setMarginMode": "ISOLATED_MARGIN"}),
        )
    ]
    read = edge.get("/v5/order/realtime", category="linear", symbol="BTCUSDT")

    assert refused == [DENIED] * 4
    assert read["retCode"] == 0


@pytest.mark.parametrize(
    ("permissions", "order_code", "position_code"),
    [(("Order",), 0, 10005), (("Position",), 10005, 0), ((), 10005, 10005)],
)
def test_a_key_that_lacks_a_permission(monkeypatch, permissions, order_code, position_code):
    edge = edge_with(monkeypatch, KeyTerms(permissions=permissions))

    assert edge.post("/v5/order/create", BUY)["retCode"] == order_code
    assert edge.post("/v5/position/set-leverage", LEVERAGE)["retCode"] == position_code


def test_the_accounts_own_key_may_do_everything(monkeypatch):
    edge = Edge(monkeypatch, keys=(KeyTerms(read_only=True),))

    edge.place()


def test_a_key_tells_its_terms_and_belongs_to_its_account(monkeypatch):
    terms = KeyTerms(account=2, read_only=True, permissions=("Order",), ips=("127.0.0.1",))
    edge = edge_with(monkeypatch, terms, accounts=2)

    told = edge.get("/v5/user/query-api")["result"]

    assert (told["apiKey"], told["userID"]) == (edge.signer.key, 1000002)
    assert (told["readOnly"], told["permissions"]["ContractTrade"]) == (1, ["Order"])
    assert told["ips"] == ["127.0.0.1"]


def test_a_key_is_refused_from_an_address_that_it_is_not_bound_to(monkeypatch):
    edge = edge_with(monkeypatch, KeyTerms(ips=("10.0.0.7",)))

    from_here = json.loads(edge.send("GET", "/v5/account/info").body)
    from_there = json.loads(edge.send("GET", "/v5/account/info", client_ip="10.0.0.7").body)

    assert code_and_text(from_here) == (
        10010,
        "Unmatched IP, please check your API key's bound IP addresses.",
    )
    assert from_there["retCode"] == 0


def test_a_refused_call_costs_nothing_of_the_rate_limit(monkeypatch):
    edge = edge_with(monkeypatch, KeyTerms(read_only=True), rate_tier="10")

    for _ in range(20):
        edge.post("/v5/order/create", BUY)
    edge.signer = edge.signers[0]

    edge.place()


def signed_in(exchange, path, account):
    """What a socket answers to a sign-in, and then to an order or a subscription."""
    signer = Signer(exchange.accounts[account].api_key, exchange.accounts[account].api_secret)
    connection = exchange.connect(path)
    expires_ms = exchange.clock.time.epoch_ns() // 1_000_000 + 10_000
    args = [signer.key, expires_ms, signer.ws_auth(expires_ms)]
    connection.send(json.dumps({"op": "auth", "args": args}))
    header = {"X-BAPI-TIMESTAMP": str(expires_ms - 10_000)}
    is_trade = path == "/v5/trade"
    act = (
        {"op": "order.create", "header": header, "args": [BUY]}
        if is_trade
        else {"op": "subscribe", "args": ["order"]}
    )
    connection.send(json.dumps(act))
    return [json.loads(exchange.clock.run(connection.receive())) for _ in range(2)]


def test_on_the_sockets_a_reading_key_listens_and_places_nothing():
    with VirtualExchange(symbols=("BTCUSDT",), keys=(KeyTerms(read_only=True),)) as exchange:
        private = signed_in(exchange, "/v5/private", 1)
        trade = signed_in(exchange, "/v5/trade", 1)
        of_the_account = signed_in(exchange, "/v5/trade", 0)

    assert [reply["success"] for reply in private] == [True, True]
    assert [reply["retCode"] for reply in trade] == [0, 10005]
    assert [reply["retCode"] for reply in of_the_account] == [0, 0]


def test_on_the_sockets_a_key_of_another_address_does_not_sign_in():
    with VirtualExchange(symbols=("BTCUSDT",), keys=(KeyTerms(ips=("10.0.0.7",)),)) as exchange:
        private = signed_in(exchange, "/v5/private", 1)
        trade = signed_in(exchange, "/v5/trade", 1)

    assert [reply["success"] for reply in private] == [False, False]
    assert trade[0]["retCode"] == 10010


def test_a_key_must_be_of_an_account_that_there_is():
    with pytest.raises(ValueError, match="keys must be of account 1 to 1, were of more"):
        ExchangeSettings(keys=(KeyTerms(account=2),))
