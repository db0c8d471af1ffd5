"""The exchange a command looks at: the chosen environment, an attached one, or one started for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthcore.environment import Credentials, Environment
    from synthcore.settings.load import Settings


@contextlib.contextmanager
def named(loaded: Settings) -> Iterator[None]:
    """Let trouble with the exchange, before anything has begun, say which exchange it is."""
    from synthcore.errors import ConfigError, VenueError

    try:
        yield
    except VenueError as error:
        raise ConfigError(
            f"{place_of(loaded)} must answer and take the key, it didn't ({error});"
            " `synthtest doctor` with the same flags looks for the cause"
        ) from error


def place_of(loaded: Settings) -> str:
    """Name the exchange as the user did."""
    attach = loaded.values["attach"]
    if attach.value is not None:
        return f"the exchange of {attach.value} ({attach.origin})"
    if loaded.environment.name == "embedded":
        return "the embedded exchange"
    given = (
        loaded.values["api_url"].origin
        if loaded.values["api_url"].value
        else loaded.values["environment"].origin
    )
    return f"the exchange at {loaded.environment.rest_urls[0]} ({given})"


@contextlib.contextmanager
def exchange_of(loaded: Settings) -> Iterator[tuple[Environment, Credentials | None]]:
    """Give hosts and keys (None where the environment has none set)."""
    if loaded.environment.name != "embedded":
        yield loaded.environment, loaded.credentials
        return
    from synthcore.ready import read_ready_file, read_ready_line
    from synthcore.settings.load import require_file

    attach = loaded.values["attach"]
    if attach.value is not None:
        require_file("attach", attach)
        attached = read_ready_file(attach.value)
        yield attached.environment(), attached.credentials()
        return
    from synthcore.exchange.process import ExchangeProcess
    from synthcore.exchange.settings import ExchangeSettings

    # As a run starts it: in hedge mode.
    own = ExchangeSettings(
        symbols=loaded.config.symbols_to_trade, seed=loaded.config.seed, position_mode="hedge"
    )
    with ExchangeProcess(own) as ready:
        started = read_ready_line(ready.line())
        yield started.environment(), started.credentials()
