"""One side is killed without a word: what the other one does, and says."""

from __future__ import annotations

import os
import signal

from live_run import HELD_OPEN, LiveRun, Place, is_alive, wait_until

RUN = ("run", "--symbols", "BTCUSDT,ETHUSDT", "--json")
EACH_LEG = ("BTCUSDT long leg", "BTCUSDT short leg", "ETHUSDT long leg", "ETHUSDT short leg")


def exchange_of(run: LiveRun) -> int:
    (pid,) = run.children()
    return pid


def test_an_exchange_killed_in_the_middle_of_trades_is_exit_3_and_names_the_legs(place: Place) -> None:
    run = place.start(*RUN, environ=HELD_OPEN)
    status = run.wait_for_open(2)
    held = {trade["symbol"] for trade in status["open_trades"]}

    os.kill(exchange_of(run), signal.SIGKILL)
    done = run.finish()

    words = " ".join(one["text"] for one in done.objects("warning"))
    assert held == {"BTCUSDT", "ETHUSDT"}
    assert done.code == 3, done
    assert (done.summary["flat"], done.summary["exit_code"]) == (False, 3)
    assert "the embedded exchange ended in the middle of the run" in words
    assert "not known to be flat" in words
    for leg in EACH_LEG:
        assert leg in words
    trades = done.objects("trade")
    assert {trade["end"] for trade in trades} == {"UNRESOLVED"}
    assert sum(len(trade["open_legs"]) for trade in trades) == 4
    assert "Traceback" not in done.err
    wait_until(lambda: not place.processes(), "every process is gone")


def test_an_exchange_killed_before_any_trade_is_a_failed_run_that_is_flat(place: Place) -> None:
    run = place.start(*RUN, "--spread", "5")  # never qualifies
    run.wait_for("status", lambda one: one["updates"] > 0)

    os.kill(exchange_of(run), signal.SIGKILL)
    done = run.finish()

    assert done.code == 1, done
    assert (done.summary["flat"], done.summary["exit_code"], done.summary["trades"]) == (True, 1, 0)
    assert "the embedded exchange ended in the middle of the run" in done.objects("warning")[-1]["text"]
    assert "Traceback" not in done.err


def test_an_exchange_killed_between_trades_can_confirm_nothing(place: Place) -> None:
    run = place.start("run", "--symbols", "BTCUSDT", "--cool-down", "3600000", "--json")
    run.wait_for("trade", lambda one: one["end"] == "CLOSED")

    os.kill(exchange_of(run), signal.SIGKILL)
    done = run.finish()

    assert done.code == 3, done
    assert (done.summary["flat"], done.summary["exit_code"], done.summary["trades"]) == (False, 3, 1)
    assert "no leg of this run is known to be open" in done.objects("warning")[-1]["text"]
    assert "Traceback" not in done.err


def test_a_killed_run_takes_its_exchange_along(place: Place) -> None:
    run = place.start(*RUN, environ=HELD_OPEN)
    run.wait_for_open()
    exchange = exchange_of(run)

    run.signal(signal.SIGKILL)
    done = run.finish()

    assert done.code == -signal.SIGKILL
    wait_until(lambda: not is_alive(exchange), "the exchange ended")
    wait_until(lambda: not place.processes(), "every process is gone")
    # Nobody holds the account's lock any more, but who is killed can't take the file along.
    assert [path for path in place.strays() if not path.endswith(".lock")] == []
