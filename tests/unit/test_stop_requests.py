"""Ctrl+C: one asks, two change nothing, three within five seconds leave at once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from synthcore.engine.outcome import ExitCode, exit_code
from synthcore.engine.signals import StopRequests, restored_signals


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    with restored_signals():
        yield


def requests_at(*times_s: float) -> StopRequests:
    remaining = list(times_s)
    stop = StopRequests(clock=lambda: remaining.pop(0))
    for _ in times_s:
        stop.request()
    return stop


async def test_the_first_request_asks_for_a_flat_end() -> None:
    stop = requests_at(0.0)

    assert stop.asked.is_set()
    assert not stop.abandoned.is_set()


async def test_a_second_request_does_not_skip_closing() -> None:
    stop = requests_at(0.0, 0.1)

    assert not stop.abandoned.is_set()


async def test_a_third_request_within_five_seconds_abandons() -> None:
    stop = requests_at(0.0, 2.0, 5.0)

    assert stop.abandoned.is_set()


async def test_three_slow_requests_do_not_abandon_until_three_are_quick() -> None:
    assert not requests_at(0.0, 3.0, 6.0).abandoned.is_set()
    assert requests_at(0.0, 3.0, 6.0, 7.0).abandoned.is_set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_real_signal_is_a_request(number: signal.Signals) -> None:
    with StopRequests() as stop:
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.asked.wait(), 5)

    assert not stop.abandoned.is_set()


@pytest.mark.parametrize(
    ("flat", "interrupted", "failed", "criteria_met", "code"),
    [
        (True, False, False, None, ExitCode.FLAT),
        (True, False, False, True, ExitCode.FLAT),
        (True, False, False, False, ExitCode.CRITERIA_NOT_MET),
        (True, True, False, False, ExitCode.INTERRUPTED_FLAT),
        (True, True, True, None, ExitCode.FAILED_FLAT),
        (False, True, True, True, ExitCode.NOT_FLAT),
        (False, False, False, None, ExitCode.NOT_FLAT),
    ],
)
def test_the_exit_code_tells_the_worst(
    flat: bool, interrupted: bool, failed: bool, criteria_met: bool | None, code: ExitCode
) -> None:
    assert exit_code(flat=flat, interrupted=interrupted, failed=failed, criteria_met=criteria_met) == code


async def test_under_nohup_a_closed_terminal_is_no_request() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with StopRequests() as stop:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        assert not stop.asked.is_set()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


async def test_a_command_s_stop_is_no_interruption() -> None:
    stop = StopRequests()
    stop.finish()

    assert stop.asked.is_set()
    assert not stop.is_interrupted
    stop.request()
    assert stop.is_interrupted
