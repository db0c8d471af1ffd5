"""Wilson's interval: published examples, and the equation that defines it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcore.monitor.wilson import Z_95, wilson_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_examples_of_newcombe_1998(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_without_trials_there_is_none() -> None:
    assert wilson_interval(0, 0) is None


@pytest.mark.parametrize(("successes", "trials"), [(-1, 10), (11, 10)])
def test_more_successes_than_trials_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes must be from 0 to 10"):
        wilson_interval(successes, trials)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_it_holds_the_rate_and_stays_within_0_and_1(pair: tuple[int, int]) -> None:
    successes, trials = pair

    interval = wilson_interval(successes, trials)

    assert interval is not None
    low, high = interval
    rate = successes / trials
    assert 0.0 <= low <= rate <= high <= 1.0
    for bound in (low, high):
        assert (rate - bound) ** 2 == pytest.approx(Z_95**2 * bound * (1 - bound) / trials, abs=1e-12)
    mirrored = wilson_interval(trials - successes, trials)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)
