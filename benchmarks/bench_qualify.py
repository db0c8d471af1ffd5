"""How long does one candidate take through the four checks, against pure Python and NumPy?

`one by one` figures are for 1,024 calls, `batch` figures for one call over 1,024 candidates: divide by 1,024.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from synthcore._core.qualify import evaluate_many
from synthcore.qualification import PRODUCTION_RULES, qualify, qualify_batch

CANDIDATES = 1024
FEES_BPS = 11.0


def candidates() -> tuple[list[float], list[float], list[float]]:
    dice = random.Random(7)
    spreads = [300 * dice.random() for _ in range(CANDIDATES)]
    fundings = [0.02 * (dice.random() - 0.3) for _ in range(CANDIDATES)]
    sizes = [500 + 2500 * dice.random() for _ in range(CANDIDATES)]
    return spreads, fundings, sizes


def in_python(spread: float, funding: float, size: float) -> bool:
    depth = 5000.0 if spread > 200.0 else 10000.0 if spread > 100.0 else 50000.0
    score = int(min(spread / 50.0, 1.0) * 100.0 * 0.5 + min(abs(funding) / 0.01, 1.0) * 100.0 * 0.3)
    profit = spread - FEES_BPS - 10.0 - min(2.0 + size / depth * 3.0, 5.0)
    return abs(funding) > 0.0001 and depth >= 2 * size and score >= 70 and profit > 0


def in_numpy(spread: Any, funding: Any, size: Any) -> Any:
    depth = np.where(spread > 200.0, 5000.0, np.where(spread > 100.0, 10000.0, 50000.0))
    strength = np.abs(funding)
    score = np.trunc(
        np.minimum(spread / 50.0, 1.0) * 100.0 * 0.5 + np.minimum(strength / 0.01, 1.0) * 100.0 * 0.3
    )
    profit = spread - FEES_BPS - 10.0 - np.minimum(2.0 + size / depth * 3.0, 5.0)
    return (strength > 0.0001) & (depth >= 2 * size) & (score >= 70) & (profit > 0)


def passing() -> int:
    return sum(in_python(*candidate) for candidate in zip(*candidates(), strict=True))


@pytest.mark.benchmark(group="one by one")
def test_ours_one_by_one(benchmark):
    benchmark.extra_info["items"] = CANDIDATES
    rows = list(zip(*candidates(), strict=True))

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
    rows = list(zip(*candidates(), strict=True))

    found = benchmark(lambda: sum(in_python(*row) for row in rows))

    assert found == passing()


@pytest.mark.benchmark(group="batch")
def test_ours_batch(benchmark):
    benchmark.extra_info["items"] = CANDIDATES
    spread, funding, size = map(np.array, candidates())

    batch = benchmark(lambda: qualify_batch(spread_bps=spread, funding_delta=funding, position_size=size))

    assert batch.qualifies.sum() == passing()


@pytest.mark.benchmark(group="batch")
def test_ours_batch_into_buffers(benchmark):
    benchmark.extra_info["items"] = CANDIDATES
    spread, funding, size = map(np.array, candidates())
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
    spread, funding, size = map(np.array, candidates())

    found = benchmark(lambda: in_numpy(spread, funding, size))

    assert found.sum() == passing()
