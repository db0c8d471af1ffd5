"""Ctrl+C and SIGTERM at any moment: flat, a summary, and nothing left behind."""

from __future__ import annotations

import fcntl
import os
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


@BOTH
def test_before_anything_is_started_it_leaves_with_130(place: Place, number: int) -> None:
    run = place.start(*RUN)
    run.wait_for_words("profile qualifying", "err")

    run.signal(number)
    done = run.finish()

    assert done.code == 130, done
    assert "Traceback" not in done.err
    assert_nothing_left(place)


def test_a_third_one_leaves_at_once_and_says_what_is_open(place: Place) -> None:
    """The exchange holds its breath, so that the closing can't succeed meanwhile."""
    run = place.start(*RUN, environ=HELD_OPEN)
    run.wait_for_open(2)
    (exchange,) = run.children()
    os.kill(exchange, signal.SIGSTOP)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
        run.signal(number)
    run.wait_for("summary")
    os.kill(exchange, signal.SIGCONT)
    done = run.finish()

    (warning,) = [one["text"] for one in done.objects("warning") if "known to be flat" in one["text"]]
    assert done.code == 3, done
    assert (done.summary["flat"], done.summary["exit_code"]) == (False, 3)
    for leg in ("BTCUSDT long leg", "BTCUSDT short leg", "ETHUSDT long leg", "ETHUSDT short leg"):
        assert leg in warning
    assert_nothing_left(place)


def test_a_reader_that_takes_nothing_is_not_waited_for(place: Place) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)  # full after one status
    run = place.start(*RUN, stdout=writing)
    os.close(writing)
    wait_until(lambda: '"type":"trade"' in place.record(), "it trades, read or not")

    run.signal(signal.SIGTERM)
    wait_until(lambda: '"type":"summary"' in place.record(), "it has ended flat")
    wait_until(
        lambda: run.signal(signal.SIGTERM) or run.process.poll() is not None, "it leaves when told again"
    )
    done = run.finish()
    os.close(reading)

    assert done.code == 130, done
    assert '"flat":true' in place.record().splitlines()[-1]
    assert "Traceback" not in done.err
    assert_nothing_left(place)
