"""One typed value fixes all hosts together; what can't work is refused with reason and fix."""

from __future__ import annotations

import pytest

from synthcore.environment import (
    Address,
    Credentials,
    Environment,
    Overrides,
    doubts,
    refuse_live,
    require_keys,
    resolve,
    world_of,
)
from synthcore.errors import ConfigError
from synthcore.secret import Secret

KEY = Credentials(api_key=Secret("k"), api_secret=Secret("marker"))


def at(url: str) -> Address:
    return Address(url, "environment variable X")


def refusal(name: str, overrides: Overrides) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve(name, overrides)  # type: ignore[arg-type]
    return str(caught.value)


def test_demo_trades_on_demo_and_sees_the_mainnet_market() -> None:
    demo = resolve("demo")

    assert demo == Environment(
        name="demo",
        rest_urls=("https://api-demo.bybit.com",),
        ws_public_url="wss://stream.bybit.com/v5/public/linear",
        ws_private_url="wss://stream-demo.bybit.com/v5/private",
        ws_trade_url=None,
    )


def test_testnet_is_one_world() -> None:
    testnet = resolve("testnet")

    urls = (*testnet.rest_urls, testnet.ws_public_url, testnet.ws_private_url, testnet.ws_trade_url or "")
    assert {world_of(url) for url in urls} == {"testnet"}


def test_live_is_mainnet() -> None:
    live = resolve("live")

    urls = (*live.rest_urls, live.ws_public_url, live.ws_private_url, live.ws_trade_url or "")
    assert {world_of(url) for url in urls} == {"mainnet"}


@pytest.mark.parametrize("name", ["demo", "testnet"])
def test_every_url_can_be_replaced_by_one_of_a_loopback_exchange(name: str) -> None:
    overrides = Overrides(
        rest=(at("http://127.0.0.1:8001"), at("https://127.0.0.1:8002")),
        ws_public=at("ws://127.0.0.1:8003/v5/public/linear"),
        ws_private=at("ws://127.0.0.1:8004/v5/private"),
    )

    environment = resolve(name, overrides)  # type: ignore[arg-type]

    assert environment.rest_urls == ("http://127.0.0.1:8001", "https://127.0.0.1:8002")
    assert environment.ws_public_url == "ws://127.0.0.1:8003/v5/public/linear"
    assert environment.ws_private_url == "ws://127.0.0.1:8004/v5/private"
    assert doubts(environment) == []


def test_a_socket_url_without_a_path_gets_the_documented_one() -> None:
    environment = resolve("demo", Overrides(ws_public=at("ws://127.0.0.1:1"), ws_private=at("wss://h:2")))

    assert environment.ws_public_url == "ws://127.0.0.1:1/v5/public/linear"
    assert environment.ws_private_url == "wss://h:2/v5/private"


@pytest.mark.parametrize("name", ["demo", "testnet", "live"])
def test_the_public_stream_of_the_demo_host_is_refused(name: str) -> None:
    said = refusal(name, Overrides(ws_public=at("wss://stream-demo.bybit.com/v5/public/linear")))

    assert "serves no public stream on its demo host" in said
    assert "(environment variable X)" in said
    assert "/v5/public/linear" in said


@pytest.mark.parametrize(
    ("name", "url", "fix"),
    [
        ("demo", "https://api.bybit.com", "--env live"),
        ("demo", "https://api.bytick.com", "--env live"),
        ("demo", "https://api-testnet.bybit.com", "--env testnet"),
        ("testnet", "https://api.bybit.com", "--env live"),
        ("testnet", "https://api-demo.bybit.com", "--env demo"),
        ("live", "https://api-demo.bybit.com", "--env demo"),
    ],
)
def test_keys_of_one_world_are_refused_on_hosts_of_another(name: str, url: str, fix: str) -> None:
    said = refusal(name, Overrides(rest=(at(url),)))

    assert said.startswith(f"{name} keys are not valid on ")
    assert url in said
    assert fix in said


def test_a_private_stream_of_another_world_is_refused() -> None:
    said = refusal("demo", Overrides(ws_private=at("wss://stream.bybit.com/v5/private")))

    assert said.startswith("demo keys are not valid on the live host")


@pytest.mark.parametrize("url", ["wss://stream-demo.bybit.com/v5/trade", "ws://127.0.0.1:5/v5/trade"])
def test_order_entry_by_socket_is_refused_on_demo(url: str) -> None:
    assert "Bybit has no order entry by socket on demo" in refusal("demo", Overrides(ws_trade=at(url)))


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("demo", "wss://stream-testnet.bybit.com/v5/public/linear"),
        ("testnet", "wss://stream.bybit.com/v5/public/linear"),
    ],
)
def test_a_market_that_the_account_is_not_matched_against_is_refused(name: str, url: str) -> None:
    assert "is matched against the market of" in refusal(name, Overrides(ws_public=at(url)))


@pytest.mark.parametrize("path", ["spot", "inverse", "option"])
def test_streams_of_other_products_are_refused(path: str) -> None:
    said = refusal("demo", Overrides(ws_public=at(f"wss://stream.bybit.com/v5/public/{path}")))

    assert "must be the one of linear perpetuals" in said


def test_urls_can_not_be_given_to_the_embedded_exchange() -> None:
    said = refusal("embedded", Overrides(rest=(at("http://127.0.0.1:1"),)))

    assert "environment embedded brings its own URLs" in said
    assert "--env demo" in said


def test_half_an_override_is_doubted() -> None:
    environment = resolve("demo", Overrides(rest=(at("http://127.0.0.1:1"),)))

    assert any(
        "is one of BYBIT_API_URL and BYBIT_WS_PRIVATE_URL missing?" in doubt for doubt in doubts(environment)
    )


def test_an_unencrypted_connection_elsewhere_is_doubted() -> None:
    environment = resolve("demo", Overrides(rest=(at("http://gateway.local"),), ws_private=at("wss://g/v5")))

    assert doubts(environment) == [
        "the connection to http://gateway.local is not encrypted: use https or wss"
    ]


def test_the_embedded_exchange_needs_no_keys() -> None:
    assert require_keys("embedded", {}) is None


def test_missing_keys_name_the_variables_and_another_way() -> None:
    with pytest.raises(ConfigError) as caught:
        require_keys("testnet", {"demo": KEY})

    said = str(caught.value)
    assert "BYBIT_TESTNET_API_KEY and BYBIT_TESTNET_API_SECRET are not set" in said
    assert "belong to demo" in said
    assert "marker" not in said


def test_only_live_is_refused_for_now() -> None:
    for name in ("embedded", "demo", "testnet"):
        refuse_live(name)  # type: ignore[arg-type]

    with pytest.raises(ConfigError, match="refused for now: it needs a passing sign-off"):
        refuse_live("live")


@pytest.mark.parametrize(
    ("url", "world"),
    [
        ("https://api.bybit.nl", "mainnet"),
        ("https://api.bytick.com", "mainnet"),
        ("wss://stream.manepa.jp/x", "mainnet"),
        ("https://api-testnet.manepa.jp", "testnet"),
        ("https://api-demo-testnet.bybit.com", "testnet"),
        ("https://API-DEMO.BYBIT.COM", "demo"),
        ("http://127.0.0.1:1", None),
        ("https://bybit.com.example.org", None),
    ],
)
def test_a_host_tells_its_world(url: str, world: str | None) -> None:
    assert world_of(url) == world
