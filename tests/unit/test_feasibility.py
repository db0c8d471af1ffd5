"""The gates, solved before anything starts."""

import json

import pytest

from synthcore.config import SyntheticConfig
from synthcore.feasibility import explain
from synthcore.profiles import DOCUMENTED, QUALIFYING
from synthcore.qualification import QualificationRules, qualify


def config(spread_bps: float, funding_delta: float, size_usdt: float) -> SyntheticConfig:
    return SyntheticConfig(
        synthetic_spread_bps=spread_bps,
        synthetic_funding_delta=funding_delta,
        estimated_position_size=size_usdt,
    )


def test_documented_profile_can_never_qualify_and_says_why():
    feasibility = explain(DOCUMENTED.config())

    assert not feasibility.qualifies
    assert feasibility.sentence.startswith(
        "with these settings no opportunity can ever qualify: "
        "funding 0.0001 is not above 0.0001; confidence 15 of 70; profit −8.06 bps; "
    )
    nearest = [(near.spread_bps, near.funding_delta) for near in feasibility.nearest]
    assert nearest == [(40.0, 0.01), (50.0, 0.0067)]


def test_qualifying_profile_qualifies():
    feasibility = explain(QUALIFYING.config())

    assert feasibility.qualifies
    assert feasibility.nearest == ()
    assert "confidence 72 of 70; profit 26.94 bps" in feasibility.sentence


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ((15.0, 0.0075, 1000.0), ["spread 48 bps"]),
        ((50.0, 0.0001, 1000.0), ["funding 0.0067"]),
        ((50.0, 0.0075, 30000.0), ["size 25000 USDT"]),
        ((250.0, 0.0075, 3000.0), ["spread 200 bps", "size 2500 USDT"]),
        ((150.0, 0.0075, 6000.0), ["spread 100 bps", "size 5000 USDT"]),
        ((15.0, 0.0075, 30000.0), ["spread 48 bps with size 25000 USDT"]),
        ((15.0, 0.0001, 1e6), ["spread 40 bps with funding 0.01 and size 25000 USDT"]),
    ],
)
def test_nearest_settings_change_as_little_as_possible(asked, nearest):
    assert [str(near) for near in explain(config(*asked)).nearest] == nearest


@pytest.mark.parametrize("spread_bps", [0.5, 15.0, 39.0, 60.0, 120.0, 260.0])
@pytest.mark.parametrize("funding_delta", [1e-6, 0.0001, 0.004, 0.02])
@pytest.mark.parametrize("size_usdt", [0.5, 1000.0, 4000.0, 80000.0])
def test_nearest_settings_really_qualify_and_a_little_less_does_not(spread_bps, funding_delta, size_usdt):
    feasibility = explain(config(spread_bps, funding_delta, size_usdt))

    assert feasibility.qualifies or feasibility.nearest
    for near in feasibility.nearest:
        assert qualifies(near.spread_bps, near.funding_delta, near.position_size)
        for name in near.changed:
            asked = getattr(feasibility.settings, name)
            back = {name: getattr(near, name) + 0.03 * (asked - getattr(near, name))}
            if abs(asked - getattr(near, name)) > getattr(near, name):
                continue  # 3 % of a long way back may lie inside the rounding
            assert name == "spread_bps" or not qualifies(**{**as_dict(near), **back}), (near, back)


def test_nothing_near_is_said_where_nothing_can_qualify():
    feasibility = explain(QUALIFYING.config(), QualificationRules(min_confidence=81))

    assert feasibility.nearest == ()
    assert feasibility.sentence.endswith(
        "confidence 72 of 81; under these rules no spread, funding and size can"
    )


def test_table_names_every_quantity():
    lines = explain(DOCUMENTED.config()).lines

    for words in (
        "spread                          15 bps",
        "slippage                      2.06 bps",
        "funding delta               0.0001 fails   above 0.0001",
        "depth, estimated             50000 passes  at least 2000 USDT",
        "confidence                      15 fails   at least 70",
        "projected profit             −8.06 fails   above 0 bps",
        "nearest that qualify  spread 40 bps with funding 0.01",
    ):
        assert words in lines


def test_dictionary_is_plain_json():
    answer = explain(config(1e307, 1e300, 1e308)).to_dict()

    text = json.dumps(answer, allow_nan=False)

    assert json.loads(text)["qualifies"] is False
    assert answer["settings"]["position_size"] == 1e308


def qualifies(spread_bps: float, funding_delta: float, position_size: float) -> bool:
    return qualify(spread_bps=spread_bps, funding_delta=funding_delta, position_size=position_size).qualifies


def as_dict(near) -> dict[str, float]:
    return {name: getattr(near, name) for name in ("spread_bps", "funding_delta", "position_size")}
