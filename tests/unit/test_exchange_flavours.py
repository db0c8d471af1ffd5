"""Mainnet, testnet and demo: what each serves, and whose key it takes."""

import pytest
from exchange_edge import Edge

from synthcore.exchange.flavour import FLAVOURS
from synthcore.exchange.sessions import handler_not_found
from synthcore.exchange.settings import ExchangeSettings

NOT_ON_DEMO = (10032, "Demo trading are not supported.")


@pytest.fixture
def demo(monkeypatch):
    return Edge(monkeypatch, flavour="demo")


def outcome(reply):
    return reply["retCode"], reply["retMsg"]


def test_a_demo_account_is_refused_what_its_page_does_not_list(demo):
    fees = demo.get("/v5/account/fee-rate", category="linear")
    coins = demo.get("/v5/asset/coin/query-info")
    price_action = demo.post("/v5/account/set-limit-px-action", {"category": "linear"})

    assert [outcome(reply) for reply in (fees, coins, price_action)] == [NOT_ON_DEMO] * 3


@pytest.mark.parametrize("topic", ["execution.fast", "execution.fast.linear", "dcp.future"])
def test_a_demo_stream_refuses_topics_that_its_page_does_not_list(demo, monkeypatch, topic):
    sessions = [world.venue.private.session("c") for world in (demo, Edge(monkeypatch))]
    for session in sessions:
        session.uid = "1"

    assert [session.refusal(topic) for session in sessions] == [handler_not_found(topic), None]
    assert sessions[0].refusal("execution.linear") is sessions[0].refusal("greeks") is None
    assert sessions[0].refusal("wallet.linear") == handler_not_found("wallet.linear")


def test_a_demo_account_trades_and_reads_as_any_other(demo):
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}

    placed = demo.post("/v5/order/create", order)
    batch = demo.post("/v5/order/create-batch", {"category": "linear", "request": [order]})

    assert (placed["retCode"], batch["retExtInfo"]["list"]) == (0, [{"code": 0, "msg": "OK"}])
    assert demo.get("/v5/user/query-api")["result"]["userID"] == 3000001
    assert demo.get("/v5/market/tickers", category="linear")["retCode"] == 0


def test_a_call_that_no_world_has_is_an_unknown_path_on_demo_too(demo):
    assert demo.get("/v5/position/unheard-of")["retCode"] == 10017


def test_a_key_is_refused_by_every_world_but_its_own(monkeypatch):
    worlds = {name: Edge(monkeypatch, flavour=name) for name in FLAVOURS}

    for name, world in worlds.items():
        for other, stranger in worlds.items():
            world.signer = stranger.signers[0]
            code = world.get("/v5/account/info")["retCode"]
            assert code == (0 if name == other else 10003)


def test_worlds_of_one_seed_have_ids_of_their_own():
    settings = ExchangeSettings(flavours=("demo", "mainnet"), seed=7, rest_port=8080, ws_port=8081)

    mainnet, demo = (FLAVOURS[name].settings(settings) for name in ("mainnet", "demo"))

    assert (mainnet.seed, mainnet.rest_port, mainnet.ws_port) == (7, 8080, 8081)
    assert (demo.seed, demo.rest_port, demo.ws_port) == (8, 8082, 8083)


@pytest.mark.parametrize(("tier", "on_demo"), [("10", "10"), ("60", "10"), ("off", "off")])
def test_a_demo_accounts_limits_cannot_be_raised(tier, on_demo):
    settings = ExchangeSettings(flavours=("mainnet", "demo"), rate_tier=tier)

    assert FLAVOURS["demo"].settings(settings).rate_tier == on_demo
    assert FLAVOURS["mainnet"].settings(settings).rate_tier == tier


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"flavours": ()}, "flavours must be one or more of mainnet, testnet, demo, each once, were none"),
        ({"flavours": ("testnet", "testnet")}, "each once, were testnet, testnet"),
        ({"flavours": ("testnet", "demo")}, "flavours must have mainnet where they have demo"),
        ({"flavours": ("mainnet", "testnet"), "rest_port": 65534}, "rest_port must be at most 65533"),
    ],
)
def test_worlds_that_cannot_be_served_together(values, rule):
    with pytest.raises(ValueError, match=rule):
        ExchangeSettings(**values)
