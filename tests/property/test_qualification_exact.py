"""The compiled qualification is the specification, bit for bit."""

import math
import struct
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference_qualification import FEES_BPS, Expected, div, expected, mul, sub
from reference_qualification import add as add_exactly

from synthcore.qualification import REASONS, Qualification, qualify, qualify_batch, synthetic_prices

SPECIAL = [0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, -5e-324, 2.2250738585072014e-308, 1.8e308 / 2]
NO_BOOSTS = (0, 0, 0)


def around(*values: float) -> list[float]:
    """Each value with its two neighbours."""
    return [
        near
        for value in values
        for near in (math.nextafter(value, -math.inf), value, math.nextafter(value, math.inf))
    ]


SPREADS = [
    *around(15, 23.0, 23.06, 23.3, 23.6, 24.5, 40, 39.0, 41.0, 50, 100, 150, 200, 250),
    *SPECIAL, -15.0, 20000.0, 1e-3, 1e300,
]  # fmt: skip
FUNDINGS = [
    *around(0.0001, -0.0001, 0.01, -0.01, 0.02, 1 / 150, 0.0075),
    *SPECIAL, 1e-5, 1.0, 1e300,
]  # fmt: skip
SIZES = [*around(1000, 2500, 5000, 25000, 50000), *SPECIAL, -1000.0, 1e-3, 1e300]
DEPTHS = [None, *around(2000, 50000), *SPECIAL, -2000.0]
HUGE = 10**40
BOOSTS = [
    NO_BOOSTS, (20, 15, 30), (10, -10, 15), (0, 0, -1), (0, 0, 1), (100, -100, 69), (100, -100, 70),
    (100, -30, 0), (-255, 255, 0), (-256, 256, -31), (HUGE, -30, 0), (-HUGE, 70, 0), (HUGE, -HUGE, HUGE),
    (2**31, -(2**31), 2**63),
]  # fmt: skip
GRID = [
    *((one, funding, 1000.0, None, boosts) for one, funding, boosts in product(SPREADS, FUNDINGS, BOOSTS)),
    *((one, 0.0075, size, depth, NO_BOOSTS) for one, size, depth in product(SPREADS, SIZES, DEPTHS)),
]  # fmt: skip


def bits(number: float) -> str:
    return "nan" if math.isnan(number) else struct.pack(">d", number).hex()


def in_bits(result: Expected | Qualification) -> tuple[object, ...]:
    failures = [getattr(failure, "reason", failure) for failure in result.failures]
    return (
        bits(result.depth),
        result.confidence,
        bits(result.total_fees_bps),
        bits(result.slippage_bps),
        bits(result.projected_profit_bps),
        result.reason,
        failures,
    )


def test_equals_the_reference_on_the_whole_boundary_grid():
    different = [
        (case, wanted, got)
        for case in GRID
        if in_bits(wanted := expected(*case)) != in_bits(got := scalar(*case))
    ]

    assert different == []
    assert len(GRID) > 20_000
    assert {expected(*case).reason for case in GRID} == set(REASONS)


def test_batch_equals_scalar_on_the_whole_boundary_grid():
    for depth_given in (False, True):
        cases = [case for case in GRID if (case[3] is not None) == depth_given]
        spread, funding, size, depth, boosts = zip(*cases, strict=True)
        obi, oi, gravity = (np.array(one, dtype=object) for one in zip(*boosts, strict=True))

        batch = qualify_batch(
            spread_bps=spread,
            funding_delta=funding,
            position_size=size,
            depth=depth if depth_given else None,
            obi_boost=obi,
            oi_boost=oi,
            gravity_boost=gravity,
        )

        for i, case in enumerate(cases):
            one = scalar(*case)
            assert bits(batch.depth[i]) == bits(one.depth), case
            assert bits(batch.slippage_bps[i]) == bits(one.slippage_bps), case
            assert bits(batch.projected_profit_bps[i]) == bits(one.projected_profit_bps), case
            assert batch.confidence[i] == one.confidence, case
            assert REASONS[batch.reason[i]] == one.reason, case
            assert batch.qualifies[i] == one.qualifies, case
            failed = {REASONS[bit + 1] for bit in range(4) if batch.failed[i] >> bit & 1}
            assert failed == {failure.reason for failure in one.failures}, case


doubles = st.one_of(st.floats(), st.sampled_from(SPREADS + FUNDINGS + SIZES))
ints = st.one_of(st.integers(), st.sampled_from([0, 10, 15, 20, 30, -10, 69, 70, 71]))


@settings(max_examples=600, deadline=None)
@given(doubles, doubles, doubles, st.none() | doubles, st.tuples(ints, ints, ints))
@example(50.0, 0.0075, 1000.0, None, NO_BOOSTS)
def test_equals_the_reference_for_every_double(spread, funding, size, depth, boosts):
    assert in_bits(scalar(spread, funding, size, depth, boosts)) == in_bits(
        expected(spread, funding, size, depth, boosts)
    )


@given(st.sampled_from([*FEES_BPS, "unheard of", ""]), st.sampled_from([*FEES_BPS, "BYBIT"]), st.booleans())
def test_fees_follow_the_exchanges_in_any_case(long_exchange, short_exchange, upper):
    written = long_exchange.upper() if upper else long_exchange

    got = qualify(
        spread_bps=50.0, funding_delta=0.0075, position_size=1000.0,
        long_exchange=written, short_exchange=short_exchange,
    )  # fmt: skip

    wanted = expected(50.0, 0.0075, 1000.0, None, NO_BOOSTS, long_exchange, short_exchange)
    assert in_bits(got) == in_bits(wanted)


@settings(max_examples=300, deadline=None)
@given(doubles, doubles, doubles)
@example(100.0, 101.0, 50.0)
def test_prices_equal_the_reference_for_every_double(bid, ask, spread):
    mid = div(add_exactly(bid, ask), 2.0)
    half = div(spread, 20000.0)
    wanted = (mid, mul(mid, sub(1.0, half)), mul(mid, add_exactly(1.0, half)))

    got = synthetic_prices(bid, ask, spread)

    assert [bits(one) for one in got] == [bits(one) for one in wanted]


def test_margins_are_value_less_threshold():
    result = qualify(spread_bps=15.0, funding_delta=-0.00005, position_size=30000.0)

    assert [failure.reason for failure in result.failures] == list(REASONS[1:])
    for failure in result.failures:
        assert failure.margin == pytest.approx(failure.value - failure.threshold, abs=0)
    assert [failure.threshold for failure in result.failures] == [0.0001, 60000.0, 70, 0.0]


def scalar(
    spread: float, funding: float, size: float, depth: float | None, boosts: tuple[int, int, int]
) -> Qualification:
    obi, oi, gravity = boosts
    return qualify(
        spread_bps=spread, funding_delta=funding, position_size=size, depth=depth,
        obi_boost=obi, oi_boost=oi, gravity_boost=gravity,
    )  # fmt: skip
