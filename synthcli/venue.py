"""The exchange a command looks at: the chosen environment, an attached one, or one started for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthcore.environment import Credentials, Environment
    from synthcore.settings.load import Settings


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
