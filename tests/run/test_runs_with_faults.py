"""`synthtest run` on an exchange that fails: started with a plan, and attached to one that has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from live_run import Place

from synthcore.exchange.control.client import ControlClient
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.testing import Faults

# Everything that a day may bring, with the chance of a bad one.
BAD_DAY = """
[[faults]]
do = "lose_answer"
when = "reply path=/v5/order/create code=0 always probability=0.1"
[[faults]]
do = "lose_answer"
when = "request path=/v5/order/create always probability=0.05"
[[faults]]
do = "refuse"
code = 10016
when = "reply path=/v5/order/create always probability=0.05"
[[faults]]
do = "refuse"
code = 110007
when = "request link=*-S-e* always probability=0.1"
[[faults]]
do = "reject_later"
when = "accepted link=*-e* always probability=0.1"
[[faults]]
do = "partial_fill"
share = 0.5
when = "accepted always probability=0.2"
[[faults]]
do = "drop_frame"
when = "private always probability=0.1"
[[faults]]
do = "duplicate_frame"
when = "private always probability=0.1"
[[faults]]
do = "reorder_frame"
when = "private always probability=0.1"
[[faults]]
do = "hide_order"
ms = 200
when = "accepted always probability=0.2"
[[faults]]
do = "cut_socket"
when = "fill always probability=0.03"
"""
RUN = ("run", "--symbols", "BTCUSDT,ETHUSDT", "--duration", "6", "--rate-tier", "off", "--json")


@pytest.fixture
def plan(place: Place) -> Path:
    path = place.state / "bad-day.toml"
    path.write_text(BAD_DAY)
    return path


def test_a_bad_day_ends_flat(place: Place, plan: Path) -> None:
    """The exchange dies with the run, so its own word must be had before: `flat` is the exchange's."""
    done = place.call(*RUN, "--faults", str(plan))

    assert done.code == 0, done
    assert done.summary["flat"] is True
    assert done.summary["trades"] > 0
    assert done.summary["failed"] > 0
    assert done.summary["faults"].keys() >= {"partial_fill", "drop_frame", "hide_order"}
    assert all(line["faults"] is None for line in done.objects("summary")[:-1])


def test_an_attached_run_ends_flat_and_the_exchange_knows_what_it_did_to_it(place: Place, plan: Path) -> None:
    ready_file = place.state / "ready.json"
    settings = ExchangeSettings(
        symbols=("BTCUSDT", "ETHUSDT"),
        position_mode="hedge",
        rate_tier="off",
        faults=str(plan),
        control_token="auto",
        ready_file=str(ready_file),
    )
    with ExchangeProcess(settings) as ready:
        faults = Faults(ControlClient(ready.rest, str(ready.control_token)))
        done = place.call(*RUN, "--attach", str(ready_file))
        kinds = {one["do"] for one in faults.injected()}

    assert done.code == 0, done
    assert done.summary["flat"] is True
    assert set(done.summary["faults"]) <= kinds
    assert kinds >= {"partial_fill", "drop_frame", "duplicate_frame", "reorder_frame", "hide_order"}


def test_a_plan_that_is_none_is_one_sentence_before_anything_is_sent(place: Place) -> None:
    path = place.state / "bad.toml"
    path.write_text('[[faults]]\ndo = "loose_answer"\n')

    refusal = place.call(*RUN, "--faults", str(path)).refusal

    assert "loose_answer" in refusal
    assert str(path) in refusal


@pytest.mark.parametrize(("flag", "value"), [("--delays", "lan"), ("--faults", "plan.toml")])
def test_what_an_attached_exchange_has_of_its_own_is_not_given_to_the_run(
    place: Place, flag: str, value: str
) -> None:
    refusal = place.call("run", "--attach", "ready.json", flag, value).refusal

    assert f"give {flag} to `synthtest exchange`" in refusal


def test_the_delays_of_a_run_are_said_at_its_start_and_its_end(place: Place) -> None:
    done = place.call("run", "--symbols", "BTCUSDT", "--duration", "2", "--delays", "lan", "--json")

    assert done.code == 0, done
    assert [line["delays"] for line in (*done.objects("start"), done.summary)] == ["lan", "lan"]
