"""Questions about what is done with an update: the qualification, and recording a latency."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from synthcore._core.histogram import LatencyHistogram
from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore._core.qualify import evaluate_many
from synthcore._core.ticker import TickerParser
from synthcore.bench.loops import qualify_columns, qualify_one_by_one, record_all, take_frames
from synthcore.bench.parsing import ticker
from synthcore.bench.question import Contenders, Effort, Measure, Question, Reading, median_of
from synthcore.bench.rivals import Native, package
from synthcore.qualification import PRODUCTION_RULES, QualificationRules

CANDIDATES = 1000
FEES_BPS = 11.0
LATENCIES = 4096
UPDATES = 40_000
MANY_SYMBOLS = 1000
ONE_SYMBOL = "the same with 1 symbol"

Candidate = tuple[float, float, float]  # spread in bps, funding delta, position size in USDT


def questions(native: Native) -> list[Question]:
    return [
        Question(
            name="qualify.one",
            asks="How long does one candidate take through the four checks, after the one before it?",
            unit="ns",
            contenders=lambda stack, effort: one_by_one(native, stack, effort),
            at_most=10.0,
        ),
        Question(
            name="qualify.many",
            asks="How long does each of 1,000 candidates take in one call?",
            unit="ns",
            contenders=many,
            at_most=2.0,
        ),
        Question(
            name="record",
            asks="How long does it take to record a latency?",
            unit="ns",
            contenders=record,
            at_most=2.0,
        ),
        Question(
            name="update.many-symbols",
            asks="What does an update cost, from its bytes to the verdict, with 1,000 symbols instead of 1?",
            unit="ns",
            contenders=with_symbols,
            ratios={ONE_SYMBOL: 1 / 1.3},
        ),
    ]


def candidates() -> list[Candidate]:
    dice = random.Random(7)
    return [
        (300 * dice.random(), 0.02 * (dice.random() - 0.3), 500 + 2500 * dice.random())
        for _ in range(CANDIDATES)
    ]


# ── one by one ────────────────────────────────────────────────────────────────────────────────────────────


def one_by_one(native: Native, stack: ExitStack, effort: Effort) -> Contenders:
    rows = candidates()
    passing = sum(in_python(*row) for row in rows)
    found: Contenders = {
        "qualify": lambda: median_of(lambda: compiled(rows, passing, effort.count(100))),
        "Python": lambda: median_of(lambda: interpreted(rows, effort.count(3))),
    }
    if native.has("rivals"):
        folder = Path(stack.enter_context(TemporaryDirectory()))
        found["Rust -O"] = in_rust(native, rows, passing, folder / "candidates", effort.count(500))
    return found


def compiled(rows: list[Candidate], passing: int, repeats: int) -> float:
    ns_each, passed = qualify_one_by_one(rows, PRODUCTION_RULES, repeats)
    assert passed == passing
    return ns_each


def in_python(spread: float, funding: float, size: float) -> bool:
    depth = 5000.0 if spread > 200.0 else 10000.0 if spread > 100.0 else 50000.0
    score = int(min(spread / 50.0, 1.0) * 100.0 * 0.5 + min(abs(funding) / 0.01, 1.0) * 100.0 * 0.3)
    profit = spread - FEES_BPS - 10.0 - min(2.0 + size / depth * 3.0, 5.0)
    return abs(funding) > 0.0001 and depth >= 2 * size and score >= 70 and profit > 0


def interpreted(rows: list[Candidate], repeats: int) -> float:
    begun_ns = time.monotonic_ns()
    for _ in range(repeats):
        sum(in_python(*row) for row in rows)
    return (time.monotonic_ns() - begun_ns) / (repeats * len(rows))


def in_rust(native: Native, rows: list[Candidate], passing: int, file: Path, repeats: int) -> Measure:
    file.write_text("\n".join(" ".join(map(repr, row)) for row in rows))

    def measure() -> Reading:
        found = native.run("rivals", "qualify", file, repeats)
        assert found.passed == passing
        return Reading(found.ns_each)

    return measure


# ── all at once ───────────────────────────────────────────────────────────────────────────────────────────


def many(stack: ExitStack, effort: Effort) -> Contenders:
    spread, funding, size = map(np.array, zip(*candidates(), strict=True))
    repeats = effort.count(40)
    passing = sum(in_python(*row) for row in candidates())
    return {
        "qualify_many": lambda: median_of(lambda: columns(spread, funding, size, passing, 10 * repeats)),
        "ours, called from Python": in_a_batch(spread, funding, size, repeats),
        "NumPy": lambda: median_of(lambda: batches(lambda: in_numpy(spread, funding, size), repeats)),
    }


def columns(spread: Any, funding: Any, size: Any, passing: int, repeats: int) -> float:
    ns_each, passed = qualify_columns(spread, funding, size, PRODUCTION_RULES, repeats)
    assert passed == passing
    return ns_each


def in_a_batch(spread: Any, funding: Any, size: Any, repeats: int) -> Measure:
    """Ours, into arrays that are there already: all quantities, not the verdict only."""
    fees = np.full(CANDIDATES, FEES_BPS)
    no_boost = np.zeros(CANDIDATES, dtype=np.intc)
    depth, slippage, profit = (np.empty(CANDIDATES) for _ in range(3))
    confidence, reason, failed = (np.empty(CANDIDATES, dtype=np.uint8) for _ in range(3))

    def once() -> None:
        evaluate_many(
            spread, funding, size, None, fees, no_boost, no_boost, no_boost, PRODUCTION_RULES,
            depth, confidence, slippage, profit, reason, failed,
        )  # fmt: skip

    return lambda: median_of(lambda: batches(once, repeats))


def in_numpy(spread: Any, funding: Any, size: Any) -> Any:
    depth = np.where(spread > 200.0, 5000.0, np.where(spread > 100.0, 10000.0, 50000.0))
    strength = np.abs(funding)
    score = np.trunc(
        np.minimum(spread / 50.0, 1.0) * 100.0 * 0.5 + np.minimum(strength / 0.01, 1.0) * 100.0 * 0.3
    )
    profit = spread - FEES_BPS - 10.0 - np.minimum(2.0 + size / depth * 3.0, 5.0)
    return (strength > 0.0001) & (depth >= 2 * size) & (score >= 70) & (profit > 0)


def batches(run: Callable[[], object], repeats: int) -> float:
    begun_ns = time.monotonic_ns()
    for _ in range(repeats):
        run()
    return (time.monotonic_ns() - begun_ns) / (repeats * CANDIDATES)


# ── recording ─────────────────────────────────────────────────────────────────────────────────────────────


def record(stack: ExitStack, effort: Effort) -> Contenders:
    dice = random.Random(1)
    values_ns = [int(dice.lognormvariate(9, 1)) for _ in range(LATENCIES)]
    histogram = LatencyHistogram()
    found: Contenders = {
        "histogram": lambda: median_of(lambda: record_all(histogram, values_ns, effort.count(40))),
        "list.append": lambda: median_of(lambda: appended(values_ns)),
    }
    hdrh = package("hdrh.histogram")
    if hdrh is not None:
        theirs = hdrh.HdrHistogram(1, 3_600_000_000_000, 2)
        found["hdrhistogram (PyPI)"] = lambda: median_of(lambda: recorded(theirs.record_value, values_ns, 1))
    return found


def appended(values_ns: list[int]) -> float:
    latencies_ns: list[int] = []
    return recorded(latencies_ns.append, values_ns, 1)


def recorded(take: Callable[[int], object], values_ns: list[int], repeats: int) -> float:
    begun_ns = time.monotonic_ns()
    for _ in range(repeats):
        for ns in values_ns:
            take(ns)
    return (time.monotonic_ns() - begun_ns) / (repeats * len(values_ns))


# ── symbols ───────────────────────────────────────────────────────────────────────────────────────────────


def with_symbols(stack: ExitStack, effort: Effort) -> Contenders:
    return {
        f"{MANY_SYMBOLS:,} symbols": updates_of(stack, MANY_SYMBOLS, effort),
        ONE_SYMBOL: updates_of(stack, 1, effort),
    }


def updates_of(stack: ExitStack, symbols: int, effort: Effort) -> Measure:
    """Ns for a frame through parser, merge and kernel; frames in an order that no cache foresees."""
    names = [f"S{number:04d}USDT" for number in range(symbols)]
    parser = TickerParser(names)
    for name in names:
        parser.feed(ticker(name, "snapshot", "1", "2", 0))
    kernel = Kernel(symbols, QualificationRules())
    for symbol_id in range(symbols):
        kernel.set_inputs(symbol_id, spread_bps=5.0, funding_delta=0.0, position_size=1000.0, fees_bps=11.0)
    pipeline = stack.enter_context(Pipeline(kernel))
    pipeline.start("inline")
    dice = random.Random(3)
    frames = [ticker(dice.choice(names), "delta", "99.5", "100.5", 1) for _ in range(4 * MANY_SYMBOLS)]
    repeats = effort.count(UPDATES // len(frames))

    def once() -> float:
        ns_each, quotes = take_frames(parser, pipeline, frames, repeats)
        assert quotes == repeats * len(frames)
        return ns_each

    return lambda: median_of(once)
