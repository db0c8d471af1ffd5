"""Ctrl+C and SIGTERM at any moment: flat, a summary, and nothing left behind."""

from __future__ import annotations

import signal
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from live_run import HELD_OPEN, Place, wait_until

RUN = ("run", "--symbols", "BTCUSDT,ETHUSDT", "--json")
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])


def assert_nothing_left(place: Place, start: dict[str, Any] | None = None) -> None:
    """No process, no socket, no file but the state folder's."""
    wait_until(lambda: not place.processes(), "every process is gone")
    assert place.strays() == []
    for url in (start or {}).get("exchange", {}).values():
        address = urlsplit(url)
        with socket.socket() as probe:
            assert probe.connect_ex((address.hostname, address.port)) != 0, f"{url} still listens"


@BOTH
def test_in_the_middle_of_trades_it_ends_flat(place: Place, number: int) -> None:
    run = place.start(*RUN, environ=HELD_OPEN)
    start = run.wait_for("start")
    run.wait_for_open(2)

    run.signal(number)
    done = run.finish()

    assert done.code == 130, done
    assert (done.summary["flat"], done.summary["exit_code"]) == (True, 130)
    assert [trade["reason"] for trade in done.objects("trade")] == ["shutdown"] * 2
    assert done.err.count("\n") == 1  # the profile's line
    assert_nothing_left(place, start)


@BOTH
def test_right_after_the_start_it_ends_flat(place: Place, number: int) -> None:
    run = place.start(*RUN)
    start = run.wait_for("start")

    run.signal(number)
    done = run.finish()

    assert done.code == 130, done
    assert (done.summary["flat"], done.summary["exit_code"]) == (True, 130)
    assert_nothing_left(place, start)


@BOTH
def test_while_its_exchange_starts_it_leaves_at_once(place: Place, number: int) -> None:
    run = place.start(*RUN)
    wait_until(lambda: run.children() or run.process.poll() is not None, "the exchange is being started")

    run.signal(number)
    done = run.finish()

    assert done.code == 130, done
    assert done.objects("start") == []
    assert_nothing_left(place)


@BOTH
def test_a_second_one_doesnt_skip_the_closing(place: Place, number: int) -> None:
    run = place.start(*RUN, environ=HELD_OPEN)
    run.wait_for_open(2)

    run.signal(number)
    run.signal(number)
    done = run.finish()

    assert done.code == 130, done
    assert done.summary["flat"]
    assert [trade["end"] for trade in done.objects("trade")] == ["CLOSED"] * 2
    assert_nothing_left(place)
