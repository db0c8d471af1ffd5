"""A whole run with the fast lane: its trades are the desk's, and it says where it cannot be used."""

from __future__ import annotations

import pytest
from live_run import Done, Place

INLINE = ("--topology", "inline", "--fast-lane", "on")
PATIENT = {"SYNTHTEST_LEG_TIMEOUT_MS": "10000"}  # a busy machine is no failed trade


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Place]:
    place = Place(tmp_path_factory.mktemp("fast"))
    symbols = ("--symbols", "BTCUSDT,ETHUSDT", "--rate-tier", "off")
    done = place.call("run", *INLINE, *symbols, "--duration", "4s", "--json", environ=PATIENT)
    assert done.code == 0, done
    return done, place


def test_it_ends_flat_and_drops_nothing(whole: tuple[Done, Place]) -> None:
    summary = whole[0].summary

    assert (summary["flat"], summary["dropped"]) == (True, 0)
    assert summary["trades"] >= 5
    assert summary["failed"] <= 1  # the market may run away from an order


def test_its_trades_went_by_the_fast_lane(whole: tuple[Done, Place]) -> None:
    done, place = whole
    (start,) = done.objects("start")

    by_lane = done.summary["counters"]["fast_lane_trades"]

    assert start["order_entry"] == "fast lane"
    assert by_lane >= done.summary["trades"] / 2
    assert done.summary["latency_ns"]["decision_to_wire"]["count"] == 2 * done.summary["trades"]
    assert done.summary["funnel"]["executed"] == done.summary["trades"]
    assert list(place.state.glob("fast-lane-*")) == []


def test_a_run_with_little_room_trades_as_much_as_the_gate_allows(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    place = Place(tmp_path_factory.mktemp("little"))
    three = ("--symbols", "BTCUSDT,ETHUSDT,SOLUSDT", "--rate-tier", "10")

    done = place.call("run", "--fast-lane", "auto", *three, "--duration", "6s", "--json", environ=PATIENT)

    assert done.code == 0, done
    assert done.objects("start")[0]["topology"] == "inline"  # `auto` is where the lane can be
    assert done.summary["flat"]
    assert {one["symbol"] for one in done.objects("trade")} == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}


@pytest.mark.parametrize(
    ("flags", "needs"),
    [
        (("--topology", "park"), "topology inline, was park"),
        (("--topology", "inline", "--order-entry", "rest"), "a trade socket"),
        (("--topology", "inline", "--pricing", "passive"), "order_pricing marketable, was passive"),
    ],
    ids=["topology", "rest", "passive"],
)
def test_asked_for_where_it_cannot_be_it_says_what_it_needs(
    flags: tuple[str, ...], needs: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = Place(tmp_path_factory.mktemp("hindered"))

    done = place.call("run", *flags, "--fast-lane", "on", "--duration", "1s")

    assert done.code == 2
    assert f"fast_lane on needs {needs}" in done.err
