"""The histogram against sorting everything."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcore._core.histogram import LatencyHistogram

HOUR_NS = 3_600_000_000_000
# Latencies are spread over octaves: draw the size first.
LATENCIES = st.integers(0, 41).flatmap(lambda octave: st.integers(0, min(2 ** (octave + 1), HOUR_NS)))
QUANTILES = (50.0, 95.0, 99.0, 99.9)


def exact_percentile(latencies_ns: list[int], q: float) -> int:
    rank = max(1, ceil(round(q * len(latencies_ns) / 100, 9)))
    return sorted(latencies_ns)[rank - 1]


@given(st.lists(LATENCIES, min_size=1, max_size=400))
def test_percentiles_are_within_one_percent_of_the_exact_ones(latencies_ns: list[int]) -> None:
    histogram = LatencyHistogram()

    for ns in latencies_ns:
        histogram.record(ns)

    assert histogram.count == len(latencies_ns)
    assert histogram.max == max(latencies_ns)
    for q in QUANTILES:
        assert histogram.percentile(q) == pytest.approx(exact_percentile(latencies_ns, q), rel=0.004, abs=0.5)


@given(st.lists(LATENCIES, max_size=100), st.lists(LATENCIES, max_size=100))
def test_merging_is_recording_both(ones_ns: list[int], others_ns: list[int]) -> None:
    one, other, both = LatencyHistogram(), LatencyHistogram(), LatencyHistogram()
    for histogram, latencies_ns in ((one, ones_ns), (other, others_ns), (both, ones_ns + others_ns)):
        for ns in latencies_ns:
            histogram.record(ns)

    one.merge(other)

    assert one.summary() == both.summary()
