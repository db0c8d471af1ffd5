"""How long does one candidate take through the four checks, against pure Python and NumPy?

`one by one` figures are for 1,000 calls, `batch` figures for one call over 1,000 candidates: divide by 1,000.
"""

from __future__ import annotations

import numpy as np
import pytest

from synthcore._core.qualify import evaluate_many
from synthcore.bench.judging import CANDIDATES, FEES_BPS, candidates, in_numpy, in_python
from synthcore.qualification import PRODUCTION_RULES, qualify, qualify_batch


def passing() -> int:
    return sum(in_python(*candidate) for candidate in candidates())


@pytest.mark.benchmark(group="one by one")
def test_ours_one_by_one(benchmark):
    benchmark.extra_info["items"] = CANDIDATES
    rows = candidates()

    found = benchmark(
        lambda: sum(
            qualify(spread_bps=spread, funding_delta=funding, position_size=size).qualifies
            for spread, funding, size in rows
        )
    )

    assert found == passing()


@pytest.mark.benchmark(group="one by one")
def test_python_one_by_one(benchmark):
    benchmark.extra_info["items"] = CANDIDATES
    rows = candidates()

    found = benchmark(lambda: sum(in_python(*row) for row in rows))

    assert found == passing()


@pytest.mark.benchmark(group="batch")
def test_ours_batch(benchmark):
    benchmark.extra_info["items"] = CANDIDATES
    spread, funding, size = map(np.array, zip(*candidates(), strict=True))

    batch = benchmark(lambda: qualify_batch(spread_bps=spread, funding_delta=funding, position_size=size))

    assert batch.qualifies.sum() == passing()


@pytest.mark.benchmark(group="batch")
def test_ours_batch_into_buffers(benchmark):
    benchmark.extra_info["items"] = CANDIDATES
    spread, funding, size = map(np.array, zip(*candidates(), strict=True))
    fees = np.full(CANDIDATES, FEES_BPS)
    no_boost = np.zeros(CANDIDATES, dtype=np.intc)
    depth, slippage, profit = (np.empty(CANDIDATES) for _ in range(3))
    confidence, reason, failed = (np.empty(CANDIDATES, dtype=np.uint8) for _ in range(3))

    benchmark(
        lambda: evaluate_many(
            spread, funding, size, None, fees, no_boost, no_boost, no_boost, PRODUCTION_RULES,
            depth, confidence, slippage, profit, reason, failed,
        )
    )  # fmt: skip

    assert (reason == 0).sum() == passing()


@pytest.mark.benchmark(group="batch")
def test_numpy_batch(benchmark):
    benchmark.extra_info["items"] = CANDIDATES
    spread, funding, size = map(np.array, zip(*candidates(), strict=True))

    found = benchmark(lambda: in_numpy(spread, funding, size))

    assert found.sum() == passing()
