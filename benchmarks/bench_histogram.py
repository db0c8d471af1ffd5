"""What does it cost to record a latency from Python, against appending it to a list?

The list grows for ever and must be sorted to be asked (bench_percentiles.py); the histogram stays at 36 KiB.
"""

from pytest_benchmark.fixture import BenchmarkFixture

from synthcore._core.histogram import LatencyHistogram


def test_record(benchmark: BenchmarkFixture) -> None:
    histogram = LatencyHistogram()

    benchmark(histogram.record, 12_345)

    assert histogram.count > 0


def test_list_append(benchmark: BenchmarkFixture) -> None:
    latencies: list[int] = []

    benchmark(latencies.append, 12_345)

    assert latencies
