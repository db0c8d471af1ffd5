"""The two exchanges that `calibrate` compares, as the user named them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthcore.calibration.compare import Peer
    from synthcore.settings.load import Settings


def their_peer(loaded: Settings) -> Peer:
    """The exchange that is looked at: one that runs already, or the environment's with its keys."""
    from synthcore.calibration.compare import Peer
    from synthcore.environment import KEY_VARIABLES, refuse_live
    from synthcore.errors import ConfigError
    from synthcore.ready import read_ready_file

    attached = loaded.values["attach"].value
    if attached is not None:
        ready = read_ready_file(attached)
        return Peer(ready.environment(), ready.credentials())
    name = loaded.environment.name
    refuse_live(name)
    if name == "embedded":
        raise ConfigError(
            "calibrate compares another exchange with the embedded one, and none is named;"
            " use --env demo with BYBIT_DEMO_API_KEY and BYBIT_DEMO_API_SECRET set, or --attach FILE"
        )
    if name not in loaded.keys.credentials:
        key, secret = KEY_VARIABLES[name]
        raise ConfigError(
            f"calibrate asks {name} with its own keys, {key} and {secret} are not set; set them in the"
            " environment or in .env, or compare two exchanges that run with --attach FILE --against FILE"
        )
    return Peer(loaded.environment, loaded.keys.credentials[name])


@contextlib.contextmanager
def our_peer(environment: str, against: str | None) -> Iterator[Peer]:
    """The exchange to compare with: the named one, or an embedded one of the same flavour."""
    from synthcore.calibration.compare import Peer
    from synthcore.environment import Environment
    from synthcore.ready import read_ready_file

    if against is not None and "://" in against:
        yield Peer(Environment(name="embedded", rest_urls=(against,)), None)
    elif against is not None:
        ready = read_ready_file(Path(against), "--against")
        yield Peer(ready.environment(), ready.credentials())
    else:
        with embedded_like(environment) as peer:
            yield peer


@contextlib.contextmanager
def embedded_like(environment: str) -> Iterator[Peer]:
    """Start an exchange of the environment's flavour; demo's public stream is mainnet's."""
    from synthcore.calibration.compare import Peer
    from synthcore.environment import WORLDS, Credentials, Environment, World
    from synthcore.exchange.process import ExchangeProcess
    from synthcore.exchange.settings import ExchangeSettings
    from synthcore.secret import Secret

    flavour = WORLDS.get(environment, "mainnet")
    flavours: tuple[World, ...] = ("mainnet", "demo") if flavour == "demo" else (flavour,)
    with ExchangeProcess(ExchangeSettings(symbols=("BTCUSDT",), flavours=flavours)) as ready:
        own = ready.flavours[flavour]
        yield Peer(
            Environment(
                name="embedded",
                rest_urls=(own.rest,),
                ws_public_url=own.ws_public or ready.ws_public,
                ws_private_url=own.ws_private,
                ws_trade_url=own.ws_trade,
            ),
            Credentials(api_key=Secret(own.api_key), api_secret=Secret(own.api_secret)),
        )
