"""Where a run trades: one typed value that fixes all hosts together."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.secret import Secret
from synthcore.venues.bybit import hosts

EnvironmentName = Literal["embedded", "demo", "testnet", "live"]
World = Literal["mainnet", "testnet", "demo"]

WORLDS: dict[str, World] = {"demo": "demo", "testnet": "testnet", "live": "mainnet"}
BYBIT_DOMAINS = ("bybit.", "bytick.", "bybitgeorgia.", "manepa.")
KEY_VARIABLES: dict[str, tuple[str, str]] = {
    "demo": ("BYBIT_DEMO_API_KEY", "BYBIT_DEMO_API_SECRET"),
    "testnet": ("BYBIT_TESTNET_API_KEY", "BYBIT_TESTNET_API_SECRET"),
    "live": ("BYBIT_API_KEY", "BYBIT_API_SECRET"),
}


class Credentials(Struct, frozen=True, kw_only=True):
    """One API key; it belongs to exactly one environment."""

    api_key: Secret
    api_secret: Secret


class Environment(Struct, frozen=True, kw_only=True):
    """All hosts of one world. An embedded exchange's are empty until it is ready (see `ready.py`)."""

    name: EnvironmentName
    rest_urls: tuple[str, ...] = ()  # tried in order for what is safe to repeat
    ws_public_url: str = ""  # of linear perpetuals, full path
    ws_private_url: str = ""
    ws_trade_url: str | None = None  # None: this world has no order entry by socket


class Address(Struct, frozen=True):
    """An override of one URL, and where it came from (for the error)."""

    url: str
    place: str


class Overrides(Struct, frozen=True, kw_only=True):
    """The URLs that replace those of the environment; None keeps the environment's own."""

    rest: tuple[Address, ...] = ()
    ws_public: Address | None = None
    ws_private: Address | None = None
    ws_trade: Address | None = None

    def given(self) -> list[Address]:
        """Every override there is."""
        sockets = (self.ws_public, self.ws_private, self.ws_trade)
        return [*self.rest, *(address for address in sockets if address is not None)]


NO_OVERRIDES = Overrides()


def resolve(name: EnvironmentName, overrides: Overrides = NO_OVERRIDES) -> Environment:
    """Fix all hosts of an environment together.

    Raises
    ------
    ConfigError
        A combination of environment and URLs that can't work: the reason and the fix.
    """
    if name == "embedded":
        _refuse_overrides_of_embedded(overrides)
        return Environment(name="embedded")
    own = hosts.HOSTS[WORLDS[name]]
    _check_public(name, overrides.ws_public)
    _check_trade(name, overrides.ws_trade)
    for address in (*overrides.rest, overrides.ws_private, overrides.ws_trade):
        _check_world(name, address)
    public, private, trade = overrides.ws_public, overrides.ws_private, overrides.ws_trade
    return Environment(
        name=name,
        rest_urls=tuple(address.url for address in overrides.rest) or own.rest,
        ws_public_url=_full(public.url, hosts.PUBLIC_PATH) if public else hosts.market_data_url(WORLDS[name]),
        ws_private_url=_full(private.url, hosts.PRIVATE_PATH) if private else own.ws_private,
        ws_trade_url=_full(trade.url, hosts.TRADE_PATH) if trade else _own_trade_url(overrides, own),
    )


def _own_trade_url(overrides: Overrides, own: hosts.Hosts) -> str | None:
    """The world's own trade socket, unless REST goes elsewhere: orders never go to two places."""
    return None if overrides.rest else own.ws_trade


def doubts(environment: Environment) -> list[str]:
    """Name combinations that may work and are more often a mistake."""
    found = []
    trading = {*environment.rest_urls, environment.ws_private_url} - {""}
    if len({_is_loopback(url) for url in trading}) > 1:
        found.append(
            f"orders go to {environment.rest_urls[0]} and their fills are awaited from"
            f" {environment.ws_private_url}: is one of BYBIT_API_URL and BYBIT_WS_PRIVATE_URL missing?"
        )
    for url in sorted(trading):
        if url.startswith(("http://", "ws://")) and not _is_loopback(url):
            found.append(f"the connection to {url} is not encrypted: use https or wss")
    return found


def require_keys(name: EnvironmentName, keys: Mapping[str, Credentials]) -> Credentials | None:
    """Return the keys of an environment; None where the embedded exchange brings its own.

    Raises
    ------
    ConfigError
        The keys are missing, or those that are set belong to another environment.
    """
    if name == "embedded":
        return None
    if name in keys:
        return keys[name]
    key, secret = KEY_VARIABLES[name]
    others = f" (the keys that are set belong to {', '.join(sorted(keys))})" if keys else ""
    raise ConfigError(
        f"environment {name} needs its own keys, {key} and {secret} are not set{others};"
        " set them in the environment or in .env, or use --env embedded, which needs none"
    )


def refuse_live(name: EnvironmentName) -> None:
    """Refuse trading with real money: what guards it isn't there yet."""
    if name == "live":
        raise ConfigError(
            "environment live is refused for now: it needs a passing sign-off of the phase before it"
            " and a second confirmation, and this version can check neither; use --env demo"
        )


def world_of(url: str) -> World | None:
    """Tell which of Bybit's worlds a URL belongs to; None for anybody else's host."""
    label, _, domain = (urlsplit(url).hostname or "").partition(".")
    if not domain.startswith(BYBIT_DOMAINS):
        return None
    if "testnet" in label:
        return "testnet"
    return "demo" if "demo" in label else "mainnet"


def _refuse_overrides_of_embedded(overrides: Overrides) -> None:
    for address in overrides.given():
        raise ConfigError(
            f"environment embedded brings its own URLs, {address.url} was given ({address.place});"
            " use --env demo or --env testnet with it, or --attach for an exchange that runs already"
        )


def _check_public(name: EnvironmentName, address: Address | None) -> None:
    if address is None:
        return
    right = hosts.market_data_url(WORLDS[name])
    world = world_of(address.url)
    if world == "demo":
        raise ConfigError(
            f"Bybit serves no public stream on its demo host, {address.url} was given ({address.place});"
            f" public data of demo come from mainnet: use {right}"
        )
    if world is not None and world != world_of(right):
        raise ConfigError(
            f"environment {name} is matched against the market of {world_of(right)},"
            f" {address.url} is of {world} ({address.place}); use {right}"
        )
    path = urlsplit(address.url).path
    if path and not path.endswith("/linear"):
        raise ConfigError(
            f"the public stream must be the one of linear perpetuals, {address.url} was given"
            f" ({address.place}); spot, inverse and options are not served: let it end in {hosts.PUBLIC_PATH}"
        )


def _check_trade(name: EnvironmentName, address: Address | None) -> None:
    if address is not None and hosts.HOSTS[WORLDS[name]].ws_trade is None:
        raise ConfigError(
            f"Bybit has no order entry by socket on {name}, {address.url} was given ({address.place});"
            " leave it out: orders go by REST there"
        )


def _check_world(name: EnvironmentName, address: Address | None) -> None:
    if address is None:
        return
    world = world_of(address.url)
    if world is not None and world != WORLDS[name]:
        host = "the live host" if world == "mainnet" else f"a {world} host"
        raise ConfigError(
            f"{name} keys are not valid on {host}, {address.url} was given ({address.place});"
            f" leave it out, or choose --env {_environment_of(world)}"
        )


def _environment_of(world: World) -> str:
    return next(name for name, own in WORLDS.items() if own == world)


def _full(url: str, path: str) -> str:
    """Complete a URL that names the host only."""
    return url if urlsplit(url).path else url + path


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
