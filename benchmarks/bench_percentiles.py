"""What does it cost to ask 100,000 latencies for their percentiles, against sorting a list of them?

While a list is sorted, the whole process waits.
"""

from random import Random

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore._core.histogram import LatencyHistogram

RECORDS = 100_000


@pytest.fixture(scope="module")
def latencies_ns() -> list[int]:
    random = Random(1)
    return [int(random.lognormvariate(9, 1)) for _ in range(RECORDS)]


def test_percentiles(benchmark: BenchmarkFixture, latencies_ns: list[int]) -> None:
    histogram = LatencyHistogram()
    for ns in latencies_ns:
        histogram.record(ns)

    summary = benchmark(histogram.summary)

    assert summary["count"] == RECORDS


def test_sorted_list(benchmark: BenchmarkFixture, latencies_ns: list[int]) -> None:
    def percentiles() -> list[int]:
        ordered = sorted(latencies_ns)
        return [ordered[int(q * RECORDS)] for q in (0.5, 0.95, 0.99, 0.999)]

    assert len(benchmark(percentiles)) == 4
