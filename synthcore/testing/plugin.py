"""The pytest plugin: an exchange for a test, and what goes wrong on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # whoever has the plugin installed and doesn't use it must not pay for it
    from synthcore.testing.exchange import BybitExchange
    from synthcore.testing.faults import Faults

MARK = "bybit_exchange"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARK}(shared=False, **settings): settings of the embedded exchange (ExchangeSettings); "
        "shared: one process for all tests with the same settings, whose accounts they share",
    )


class Shared:
    """The exchanges that several tests use, by their settings."""

    def __init__(self) -> None:
        self._by_settings: dict[str, BybitExchange] = {}

    def of(self, settings: dict[str, Any]) -> BybitExchange:
        """A running one; one that a test has killed is replaced."""
        key = repr(sorted(settings.items()))
        found = self._by_settings.get(key)
        if found is None or not found.is_running:
            if found is not None:
                found.stop()
            found = self._by_settings[key] = started(settings)
        return found

    def stop(self) -> None:
        for exchange in self._by_settings.values():
            exchange.stop()


def started(settings: dict[str, Any]) -> BybitExchange:
    from synthcore.testing.exchange import BybitExchange

    return BybitExchange(**settings).start()


@pytest.fixture(scope="session")
def _shared_bybit_exchanges() -> Iterator[Shared]:
    shared = Shared()
    yield shared
    shared.stop()


@pytest.fixture
def bybit_exchange(
    request: pytest.FixtureRequest, _shared_bybit_exchanges: Shared
) -> Iterator[BybitExchange]:
    """A running exchange (`synthcore.testing.BybitExchange`); the mark `bybit_exchange` sets it up."""
    mark = request.node.get_closest_marker(MARK)
    settings = dict(mark.kwargs) if mark is not None else {}
    if settings.pop("shared", False):
        exchange = _shared_bybit_exchanges.of(settings)
        yield exchange
        if exchange.is_running:
            exchange.faults.clear()
            exchange.set_delays(exchange.settings.delays)
    else:
        exchange = started(settings)
        yield exchange
        exchange.stop()


@pytest.fixture
def faults(bybit_exchange: BybitExchange) -> Faults:
    """What goes wrong on that exchange (`synthcore.testing.Faults`); disarmed after the test."""
    from synthcore.testing.faults import Faults

    return Faults(bybit_exchange.control)
