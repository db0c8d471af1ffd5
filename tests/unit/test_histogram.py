"""The latency histogram: exact where it says so, in fixed memory."""

import mmap

import pytest

from synthcore._core.histogram import LatencyHistogram

HOUR_NS = 3_600_000_000_000


def histogram_of(*latencies_ns: int) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for ns in latencies_ns:
        histogram.record(ns)
    return histogram


def test_empty_histogram_says_zero() -> None:
    assert LatencyHistogram().summary() == {"count": 0, "p50": 0, "p95": 0, "p99": 0, "p999": 0, "max": 0}


def test_small_latencies_are_exact() -> None:
    histogram = histogram_of(*range(1, 101))

    assert histogram.summary() == {"count": 100, "p50": 50, "p95": 95, "p99": 99, "p999": 100, "max": 100}
    assert histogram.percentiles([0, 1, 100]) == [1, 1, 100]


def test_thousand_records_p999_is_the_last_but_one() -> None:
    assert histogram_of(*[10] * 999, 100).percentile(99.9) == 10
    assert histogram_of(*[10] * 998, 100, 100).percentile(99.9) == 100


@pytest.mark.parametrize("ns", [1, 127, 128, 129, 255, 256, 1_000_003, HOUR_NS])
def test_one_record_is_every_percentile_and_the_maximum(ns: int) -> None:
    histogram = histogram_of(ns)

    assert histogram.max == ns
    assert histogram.percentile(50) == pytest.approx(ns, rel=0.004)
    assert histogram.saturated == 0


def test_percentile_is_never_above_the_maximum() -> None:
    histogram = histogram_of(256)  # the first of its bucket: the middle is above it

    assert histogram.percentile(99.9) == 256


def test_beyond_the_range_is_counted_and_the_maximum_stays_exact() -> None:
    histogram = histogram_of(5, 2**42 - 1, 2**42, 2**62)

    assert (histogram.count, histogram.saturated, histogram.max) == (4, 2, 2**62)
    assert histogram.percentile(100) == 2**62


def test_negative_counts_as_zero_and_is_told() -> None:
    histogram = histogram_of(-5, 10)

    assert (histogram.count, histogram.negative, histogram.percentile(50), histogram.max) == (2, 1, 0, 10)


def test_merged_is_as_if_recorded_in_one() -> None:
    one, other = histogram_of(1, 2, 3, -1, 2**50), histogram_of(1000, 2**45)

    one.merge(other)

    assert one.summary() == histogram_of(1, 2, 3, -1, 2**50, 1000, 2**45).summary()
    assert (one.saturated, one.negative) == (2, 1)
    assert other.count == 2


def test_reset_forgets_everything() -> None:
    histogram = histogram_of(1, 2**50, -1)

    histogram.reset()

    assert histogram.summary() == LatencyHistogram().summary()
    assert (histogram.saturated, histogram.negative) == (0, 0)


@pytest.mark.parametrize("q", [-0.1, 100.1, float("nan")])
def test_percentile_out_of_range_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="a percentile must be 0 to 100, was"):
        histogram_of(1).percentile(q)


def test_two_histograms_on_one_buffer_are_one() -> None:
    memory = mmap.mmap(-1, LatencyHistogram.size)
    writer, reader = LatencyHistogram(memory), LatencyHistogram(memory)

    writer.record(77)

    assert (reader.count, reader.max, reader.percentile(50)) == (1, 77, 77)


def test_buffer_with_other_content_is_refused() -> None:
    memory = mmap.mmap(-1, LatencyHistogram.size)
    memory[9] = 1

    with pytest.raises(ValueError, match="must be zeroed or hold a histogram"):
        LatencyHistogram(memory)
