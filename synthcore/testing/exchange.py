"""A running exchange, as a test wants it."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from synthcore.exchange.control import latency
from synthcore.exchange.control.client import ControlClient
from synthcore.exchange.control.token import AUTO
from synthcore.exchange.delays import DelayPlan, PresetName
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.settings import ExchangeSettings
from synthcore.testing.faults import Faults
from synthcore.testing.market import Market


class BybitExchange:
    """Starts an exchange in a process of its own; a context manager.

    ::

        with BybitExchange(market="steady", position_mode="hedge") as exchange:
            client = my_client(exchange.rest, exchange.api_key, exchange.api_secret)

    Its market stands still and it takes any number of orders, unless the settings say otherwise.

    Parameters
    ----------
    settings
        Those of `ExchangeSettings`.

    Raises
    ------
    ConfigError
        A setting that doesn't exist, or that can't work.
    """

    def __init__(self, **settings: Any) -> None:
        defaults = {"market": "steady", "rate_tier": "off", "control_token": AUTO}
        self.settings = ExchangeSettings(**(defaults | settings))
        self._process = ExchangeProcess(self.settings)

    def start(self) -> BybitExchange:
        """Start it and wait until it can be used."""
        self.ready = self._process.start()
        token = self.ready.control_token or self.settings.control_token
        self.control = ControlClient(self.ready.rest, token)
        self.faults = self.watch_faults()
        self.market = Market(self.control)
        return self

    def stop(self) -> None:
        self._process.stop()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()

    @property
    def is_running(self) -> bool:
        return self._process.is_running

    @property
    def rest(self) -> str:
        return self.ready.rest

    @property
    def ws_public(self) -> str:
        return self.ready.ws_public

    @property
    def ws_private(self) -> str:
        return self.ready.ws_private

    @property
    def ws_trade(self) -> str:
        return self.ready.ws_trade

    @property
    def api_key(self) -> str:
        return self.ready.api_key

    @property
    def api_secret(self) -> str:
        return self.ready.api_secret

    @property
    def accounts(self) -> tuple[AccountKey, ...]:
        """All accounts; the first one's key is `api_key`."""
        return self.ready.accounts

    def watch_faults(self) -> Faults:
        """What goes wrong, with a record that begins now."""
        return Faults(self.control)

    def set_delays(self, delays: PresetName | DelayPlan) -> None:
        """Let things take their time from now on: a preset, or delays of one's own."""
        self.control.post(latency.PATH, latency.request(delays))

    def __enter__(self) -> BybitExchange:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
