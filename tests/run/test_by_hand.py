"""A run and the commands around it: close a symbol, stop; and after kill -9: look, then flatten."""

from __future__ import annotations

import json
import signal

from live_run import HELD_OPEN, Place

from synthcore.execution.journal_read import leftovers, trades

RUN = ("run", "--symbols", "BTCUSDT,ETHUSDT", "--json")


def test_a_run_is_controlled_from_another_terminal(place: Place) -> None:
    run = place.start(*RUN, environ=HELD_OPEN | {"SYNTHTEST_COOL_DOWN_MS": "3600000"})
    run.wait_for_open(2)

    closed = place.call("close", "BTCUSDT", "--reason", "news")
    again = place.call("close", "BTCUSDT", "--reason", "news")
    listed = place.call("trades", "--json")
    flattened = place.call("flatten")
    stopped = place.call("stop")
    ended = run.finish()
    after = place.call("stop")

    assert closed.code == 0 and closed.out.endswith("on BTCUSDT: CLOSED (by hand: news)\n"), closed
    assert again.refusal == "the symbol must have an open trade, BTCUSDT has none; open now: ETHUSDT"
    assert {one["symbol"]: one["end"] for one in listed.objects()} == {"BTCUSDT": "CLOSED", "ETHUSDT": None}
    assert (flattened.code, flattened.out) == (
        0,
        "closed: ETHUSDT; no new trades begin until the run ends\n",
    )
    assert [one["reason"] for one in ended.objects("trade")] == ["by hand: news", "flatten"]
    assert (stopped.code, stopped.out) == (0, "the run ended: finished and flat (exit code 0)\n")
    assert (ended.code, ended.summary["flat"], ended.summary["trades"]) == (0, True, 2)
    assert "nobody listens on" in after.refusal
    assert not (place.state / "control.sock").exists()


def test_a_day_s_loss_outlives_the_process(place: Place) -> None:
    ready = place.state / "ready.json"
    served = place.start(
        "exchange", "--symbols", "BTCUSDT", "--ready-file", str(ready), "--position-mode", "hedge"
    )
    assert next(served.each("out"))
    short = ("run", "--symbols", "BTCUSDT", "--attach", str(ready), "--duration", "1s", "--json")

    first, second = (place.call(*short, environ={"MAX_DAILY_LOSS": "0.5"}) for _ in range(2))

    for done, trades_begun in ((first, 1), (second, 0)):  # one trade costs about 2 USDT
        (said,) = [one["text"] for one in done.objects("warning")]
        assert "the day's loss must stay below max_daily_loss 0.5 USDT" in said
        assert (done.code, done.summary["trades"]) == (0, trades_begun)
    assert second.summary["funnel"]["suppressed"]["risk"] > 0


def test_what_a_killed_run_left_is_shown_and_then_closed_by_hand(place: Place) -> None:
    ready = place.state / "ready.json"
    served = place.start(
        "exchange", "--symbols", "BTCUSDT,ETHUSDT", "--ready-file", str(ready), "--position-mode", "hedge"
    )
    assert json.loads(next(served.each("out")))
    attached = ("--symbols", "BTCUSDT,ETHUSDT", "--attach", str(ready))
    run = place.start(*RUN, "--attach", str(ready), environ=HELD_OPEN)
    run.wait_for_open(2)
    journal = place.state / "journal.sqlite"

    busy = place.call("recover", "--dry-run", *attached)
    run.signal(signal.SIGKILL)
    run.finish()
    planned = place.call("recover", "--dry-run", *attached)
    left = [one.key for one in leftovers(journal)]
    flattened = place.call("flatten", *attached)
    nothing = place.call("recover", "--dry-run", *attached)

    assert f"one process per account, process {run.pid} trades on this one" in busy.refusal
    assert planned.code == 0
    assert sorted(planned.out.splitlines()) == sorted(
        f"trade {line.trade} on {line.symbol}: take over and close" for line in trades(journal, 10)
    )
    assert len(left) == 2  # a dry run changes nothing
    assert flattened.code == 0, flattened
    assert flattened.out.count("of an earlier run: ") == 2
    assert flattened.out.endswith("nothing of an earlier run is open: flat, by the exchange\n")
    assert leftovers(journal) == []
    assert (nothing.code, nothing.out) == (0, "nothing was left: nothing to do\n")
