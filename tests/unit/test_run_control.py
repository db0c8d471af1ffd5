"""What a person asks of a run that has no desk yet, or never gets one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from synthcore.engine.control import RunControl
from synthcore.engine.control_messages import Request
from synthcore.engine.outcome import ExitCode, RunOutcome
from synthcore.engine.signals import StopRequests, restored_signals
from synthcore.errors import ConfigError


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    with restored_signals():
        yield


def starting(stop: StopRequests) -> tuple[RunControl, asyncio.Future[RunOutcome]]:
    ended: asyncio.Future[RunOutcome] = asyncio.get_running_loop().create_future()
    return RunControl(stop, lambda: None, ended), ended


@pytest.mark.parametrize("request_", [Request("close", "BTCUSDT", "news"), Request("flatten")])
async def test_a_run_that_starts_has_nothing_to_close_yet(request_: Request) -> None:
    control, _ = starting(StopRequests())

    answer = await control.perform(request_)

    assert not answer.ok
    assert answer.lines[0].startswith("the run is still starting")


async def test_stop_waits_for_the_end_and_gives_its_exit_code() -> None:
    stop = StopRequests()
    control, ended = starting(stop)
    asking = asyncio.create_task(control.perform(Request("stop")))
    await stop.asked.wait()

    assert not asking.done()
    ended.set_result(RunOutcome(ExitCode.NOT_FLAT, {"flat": False}))
    answer = await asking

    assert (answer.ok, answer.flat, answer.exit_code) == (True, False, 3)


async def test_a_run_that_never_began_is_said_so() -> None:
    control, ended = starting(StopRequests())
    ended.set_exception(ConfigError("no such symbol"))

    answer = await control.perform(Request("stop"))

    assert (answer.ok, answer.lines) == (False, ("the run ended before its first trade: no such symbol",))
