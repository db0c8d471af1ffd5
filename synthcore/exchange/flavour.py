"""Mainnet, testnet, demo: what one process serves side by side, each with accounts and keys of its own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from synthcore.exchange.endpoint import Call, Endpoint
from synthcore.exchange.refusal import Refusal
from synthcore.exchange.settings import PORT_STEP, ExchangeSettings
from synthcore.venues.bybit.hosts import HOSTS, PRIVATE_PATH, TRADE_PATH, Environment

NOT_ON_DEMO = Refusal(10032, "Demo trading are not supported.")
DEMO_TIER = "10"  # a demo account's limits can't be raised
DAY_MS = 86_400_000

# Calls that no flavour answers here, and that a demo account is refused in words of its own.
KNOWN_MISSING = (
    ("POST", "/v5/asset/transfer/inter-transfer"),
    ("POST", "/v5/asset/withdraw/create"),
)


class Flavour(Struct, frozen=True):
    """One of Bybit's worlds, as this process serves it."""

    name: Environment
    first_uid: int  # the other accounts follow
    order_life_ms: int | None = None  # how long an order rests before it is cancelled; None: for ever
    is_second: bool = False  # the second venue: served beside all flavours, after them

    @property
    def is_demo(self) -> bool:
        return self.name == "demo"

    @property
    def has_public_stream(self) -> bool:
        return HOSTS[self.name].ws_public is not None

    @property
    def has_every_topic(self) -> bool:
        """Whether the private socket has `execution.fast` and `dcp`, which demo's page lacks."""
        return not self.is_demo

    @property
    def has_trade_socket(self) -> bool:
        return HOSTS[self.name].ws_trade is not None

    def has_socket(self, path: str) -> bool:
        """Whether a handshake on this path finds anything."""
        if path == PRIVATE_PATH:
            return True
        return self.has_trade_socket if path == TRADE_PATH else self.has_public_stream

    def served(self, endpoints: Iterable[Endpoint]) -> list[Endpoint]:
        """The endpoints as this world has them: what it lacks is refused, to whoever has signed in."""
        found = list(endpoints)
        if self.is_demo:
            found += [Endpoint(method, path, not_on_demo) for method, path in KNOWN_MISSING]
        serves = HOSTS[self.name].serves
        return [each if serves(each.path) else refusing(each) for each in found]

    def settings(self, settings: ExchangeSettings) -> ExchangeSettings:
        """The process's settings for this world: the first one's as they are, the others' beside them."""
        served = in_order(settings.flavours)
        place = len(served) if self.is_second else served.index(self)
        tier = settings.rate_tier
        return msgspec.structs.replace(
            settings,
            seed=settings.seed + place,
            rest_port=settings.rest_port and settings.rest_port + place * PORT_STEP,
            ws_port=settings.ws_port and settings.ws_port + place * PORT_STEP,
            rate_tier=DEMO_TIER if self.is_demo and tier != "off" else tier,
        )


FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour("mainnet", 1_000_001),
        Flavour("testnet", 2_000_001),
        Flavour("demo", 3_000_001, order_life_ms=7 * DAY_MS),
    )
}

SECOND = Flavour("mainnet", 9_000_001, is_second=True)


def in_order(names: Iterable[Environment]) -> list[Flavour]:
    """The flavours of these names, one with a public stream first."""
    wanted = set(names)
    return [flavour for name, flavour in FLAVOURS.items() if name in wanted]


def refusing(endpoint: Endpoint) -> Endpoint:
    return msgspec.structs.replace(endpoint, handler=not_on_demo, cost=None)


def not_on_demo(call: Call) -> Refusal:
    return NOT_ON_DEMO
