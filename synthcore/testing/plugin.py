"""The pytest plugin: an exchange for a test, its market and its time, and what goes wrong on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # whoever has the plugin installed and doesn't use it must not pay for it
    from synthcore.testing.exchange import BybitExchange
    from synthcore.testing.faults import Faults
    from synthcore.testing.market import Market
    from synthcore.testing.virtual import VirtualExchange
    from synthcore.testing.virtual_clock import VirtualClock

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
def bybit_exchange(request: pytest.FixtureRequest) -> Iterator[BybitExchange | VirtualExchange]:
    """A running exchange (`synthcore.testing.BybitExchange`); the mark `bybit_exchange` sets it up.

    In a test that also asks for `virtual_clock` it is a `VirtualExchange` on that clock.
    """
    mark = request.node.get_closest_marker(MARK)
    settings = dict(mark.kwargs) if mark is not None else {}
    is_shared = settings.pop("shared", False)
    if "virtual_clock" in request.fixturenames:
        exchange = virtual(settings, request.getfixturevalue("virtual_clock"))
        yield exchange
        exchange.stop()
    elif is_shared:
        yield from borrowed(settings, request.getfixturevalue("_shared_bybit_exchanges"))
    else:
        own = started(settings)
        yield own
        own.stop()


def borrowed(settings: dict[str, Any], shared: Shared) -> Iterator[BybitExchange]:
    """A shared exchange, left as it was found but for its accounts."""
    exchange = shared.of(settings)
    yield exchange
    if exchange.is_running:
        exchange.faults.clear()
        exchange.set_delays(exchange.settings.delays)


def virtual(settings: dict[str, Any], clock: VirtualClock) -> VirtualExchange:
    from synthcore.testing.virtual import VirtualExchange

    return VirtualExchange(clock=clock, **settings).start()


@pytest.fixture
def virtual_clock() -> Iterator[VirtualClock]:
    """Time that passes only when a test waits for it (`synthcore.testing.VirtualClock`).

    `time.time` and its kin read it during the test.
    """
    from synthcore.testing.virtual_clock import VirtualClock

    clock = VirtualClock()
    with clock.read_by_all():
        yield clock
    clock.close()


@pytest.fixture
def faults(bybit_exchange: BybitExchange | VirtualExchange) -> Faults:
    """What goes wrong on that exchange (`synthcore.testing.Faults`); disarmed after the test."""
    return bybit_exchange.watch_faults()


@pytest.fixture
def market(bybit_exchange: BybitExchange | VirtualExchange) -> Market:
    """That exchange's market, to be driven (`synthcore.testing.Market`)."""
    return bybit_exchange.market
