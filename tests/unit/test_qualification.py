"""The qualification's public face: results, rules, boosts."""

import math

import numpy as np
import pytest

from synthcore._core.qualify import evaluate_many
from synthcore.errors import ConfigError
from synthcore.profiles import DOCUMENTED, PROFILES, QUALIFYING
from synthcore.qualification import (
    BoostSettings,
    QualificationRules,
    gravity_boost,
    imbalance,
    obi_boost,
    oi_boost,
    qualify,
    qualify_batch,
    synthetic_prices,
)


def test_documented_numbers_fail_funding_confidence_and_profit():
    result = qualify(spread_bps=15, funding_delta=0.0001, position_size=1000)

    assert result.reason == "funding_delta"
    assert [failure.reason for failure in result.failures] == ["funding_delta", "confidence", "profit"]
    assert (result.depth, result.confidence, result.total_fees_bps) == (50000.0, 15, 11.0)
    assert (result.slippage_bps, result.projected_profit_bps) == (2.06, -8.06)


def test_qualifying_numbers_qualify():
    result = qualify(spread_bps=50, funding_delta=0.0075, position_size=1000)

    assert result.qualifies and result.reason == "qualified" and result.failures == ()
    assert (result.confidence, result.projected_profit_bps) == (72, 26.94)


def test_given_depth_is_used_instead_of_the_estimate():
    result = qualify(spread_bps=50, funding_delta=0.0075, position_size=1000, depth=1999.0)

    assert (result.depth, result.reason) == (1999.0, "depth")


@pytest.mark.parametrize("boost", [1.0, "20", None])
def test_a_boost_that_is_no_int_is_refused(boost):
    with pytest.raises(TypeError, match="int"):
        qualify(spread_bps=50, funding_delta=0.0075, position_size=1000, obi_boost=boost)


def test_batch_refuses_boosts_that_are_no_ints():
    with pytest.raises(TypeError, match="float64"):
        qualify_batch(spread_bps=[50.0], funding_delta=0.0075, position_size=1000, obi_boost=[1.5])


def test_batch_broadcasts_its_arguments():
    batch = qualify_batch(
        spread_bps=[15.0, 50.0, 60.0], funding_delta=0.0075, position_size=1000, oi_boost=np.uint64(15)
    )

    assert batch.qualifies.tolist() == [False, True, True]
    assert batch.confidence.tolist() == [52, 87, 87]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_profit_bps": math.nan}, "min_profit_bps must be a finite number, was nan"),
        ({"min_funding_delta": math.inf}, "min_funding_delta must be a finite number, was inf"),
        ({"min_depth_multiple": "2"}, "min_depth_multiple must be a finite number, was '2'"),
        ({"taker_fees_bps": (("bybit", math.nan),)}, "taker_fees_bps of bybit must be a finite number"),
        ({"min_confidence": 70.0}, "min_confidence must be an int from 0 to 100, was 70.0"),
        ({"min_confidence": 101}, "min_confidence must be an int from 0 to 100, was 101"),
    ],
)
def test_rules_refuse_thresholds_that_are_no_thresholds(change, message):
    with pytest.raises(ConfigError, match=message):
        QualificationRules(**change)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"min_funding_delta": 0.0075}, "funding_delta"),
        ({"min_depth_multiple": 51.0}, "depth"),
        ({"min_confidence": 73}, "confidence"),
        ({"min_profit_bps": 26.94}, "profit"),
        ({"funding_cost_bps": 40.0}, "profit"),
        ({"slippage_base_bps": 40.0, "slippage_cap_bps": 50.0}, "profit"),
        ({"slippage_slope_bps": 2000.0, "slippage_cap_bps": 50.0}, "profit"),
        ({"taker_fees_bps": (("ByBit", 40.0),)}, "profit"),
        ({"taker_fees_bps": (), "other_taker_fee_bps": 20.0}, "profit"),
    ],
)
def test_each_rule_decides(change, reason):
    result = qualify(
        spread_bps=50, funding_delta=0.0075, position_size=1000, rules=QualificationRules(**change)
    )

    assert result.reason == reason


def test_rules_can_be_keys():
    assert len({QualificationRules(), QualificationRules(), QualificationRules(min_confidence=71)}) == 2


def test_prices_lie_evenly_around_the_middle():
    mid, long_price, short_price = synthetic_prices(99.0, 101.0, 50.0)

    assert (mid, long_price, short_price) == (100.0, 99.75, 100.25)


def test_imbalance_is_between_all_asks_and_all_bids():
    assert [imbalance(3, 1), imbalance(0, 2), imbalance(2, 0), imbalance(0, 0)] == [0.5, -1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("long_lean", "short_lean", "boost"),
    [(0.3, -0.3, 20), (0.3, 0.0, 10), (0.0, -0.3, 10), (0.29, -0.29, 0), (-1.0, 1.0, 0), (math.nan, -1, 10)],
)
def test_book_boost_counts_the_favourable_legs(long_lean, short_lean, boost):
    assert obi_boost(long_lean, short_lean) == boost


@pytest.mark.parametrize(
    ("open_interest", "boost"), [(4.9, 15), (5.0, 0), (10.0, 0), (20.0, 0), (20.1, -10), (math.nan, 0)]
)
def test_open_interest_boost_is_against_its_own_median(open_interest, boost):
    assert oi_boost(open_interest, [1.0, 10.0, 500.0]) == boost


def test_open_interest_boost_needs_a_history():
    assert oi_boost(5.0, []) == 0
    assert oi_boost(5.0, [0.0, 0.0]) == 0


@pytest.mark.parametrize(
    ("seconds", "boost"),
    [(0, 30), (299.9, 30), (300, 15), (899.9, 15), (900, 0), (-1, 0), (math.nan, 0), (28800, 0)],
)
def test_gravity_boost_grows_toward_the_funding_payment(seconds, boost):
    assert gravity_boost(seconds) == boost


def test_boost_thresholds_are_settings():
    assert obi_boost(0.2, -0.2, BoostSettings(aligned_imbalance=0.2)) == 20
    assert oi_boost(9.0, [10.0], BoostSettings(low_open_interest=0.95)) == 15


def test_profiles_hold_the_source_numbers():
    assert set(PROFILES) == {"documented", "qualifying"}
    assert DOCUMENTED.settings() == {
        "synthetic_spread_bps": 15.0,
        "synthetic_funding_delta": 0.0001,
        "estimated_position_size": 1000.0,
        "max_concurrent_trades": 3,
    }
    assert QUALIFYING.config().synthetic_spread_bps == 50.0
    assert QUALIFYING.config().synthetic_funding_delta == 0.0075


def test_compiled_batch_refuses_arrays_of_different_length_and_none():
    def run(**change):
        doubles = {
            name: np.zeros(3)
            for name in (
                "spread_bps", "funding_delta", "position_size", "fees_bps", "depth_out", "slippage", "profit",
            )
        }  # fmt: skip
        ints = {name: np.zeros(3, dtype=np.intc) for name in ("obi_boost", "oi_boost", "gravity_boost")}
        small = {name: np.zeros(3, dtype=np.uint8) for name in ("confidence", "reason", "failed")}
        arguments = {**doubles, **ints, **small, "depth": None, "rules": QualificationRules(), **change}
        evaluate_many(**arguments)

    run()
    with pytest.raises(ValueError, match=r"one length, were \[2, 3\]"):
        run(failed=np.zeros(2, dtype=np.uint8))
    with pytest.raises(ValueError, match=r"one length, were \[3, 4\]"):
        run(depth=np.zeros(4))
    with pytest.raises(TypeError):
        run(spread_bps=None)
