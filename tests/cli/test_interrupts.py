"""A request to stop that an import swallowed is not lost."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest

from synthcli import interrupts


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    handlers = [(number, signal.getsignal(number)) for number in interrupts.SIGNALS]
    yield
    for number, handler in handlers:
        signal.signal(number, handler)
    interrupts._came.clear()


@pytest.mark.parametrize("number", interrupts.SIGNALS)
def test_what_somebody_else_caught_is_still_known(number: signal.Signals) -> None:
    interrupts.watch()
    assert not interrupts.has_come()

    with suppress(BaseException):  # as some libraries do around an optional import
        signal.raise_signal(number)

    assert interrupts.has_come()


def test_what_nohup_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interrupts.watch()

    signal.raise_signal(signal.SIGHUP)

    assert not interrupts.has_come()
