"""A question of the suite: what is measured, beside whom, and what ours must reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from math import floor, log10
from statistics import median
from typing import NamedTuple

from msgspec import Struct

from synthcore.bench.figure import value
from synthcore.bench.pairs import urgent
from synthcore.bench.result import Row, Series

BINS_A_DECADE = 20
BATCHES = 7


class Reading(NamedTuple):
    """What one round of one contender gave."""

    value: float  # in the question's unit; of latencies the median
    p99: float | None = None
    samples: Sequence[float] = ()


Measure = Callable[[], Reading]
Contenders = dict[str, Measure]  # the first is ours


class Effort(NamedTuple):
    """How much work a run puts in."""

    rounds: int
    scale: float  # of the counts in a round

    def count(self, full: int) -> int:
        return max(2, int(full * self.scale))


FULL = Effort(rounds=7, scale=1.0)
QUICK = Effort(rounds=2, scale=0.05)


class Question(Struct, frozen=True, kw_only=True):
    """One line of the suite.

    Parameters
    ----------
    contenders
        Opens ours and the rivals that are installed; what it enters into the stack is closed at the end.
    at_most, p99_at_most, at_least
        What ours must reach by itself, in the unit.
    ratios
        By rival: how many times better ours must be; 0.8 lets ours take 1 / 0.8 of the rival's time.
    """

    name: str
    asks: str
    unit: str
    contenders: Callable[[ExitStack, Effort], Contenders]
    more_is_better: bool = False
    at_most: float | None = None
    p99_at_most: float | None = None
    at_least: float | None = None
    ratios: dict[str, float] = {}


def median_of(measure_ns: Callable[[], float]) -> Reading:
    """A round of a short computation: the median of a few batches, so that one interruption is not in it."""
    with urgent():
        return Reading(median(measure_ns() for _ in range(BATCHES)))


def latencies(samples_ns: Sequence[float]) -> Reading:
    """A round of latencies."""
    ordered = sorted(samples_ns)
    return Reading(median(ordered), ordered[int(0.99 * len(ordered))], ordered)


def binned(samples: Sequence[float]) -> list[tuple[float, int]]:
    """Count samples in bins of equal width on a log axis; the lower bound of each that has any."""
    counts: dict[int, int] = {}
    for sample in samples:
        place = floor(log10(max(sample, 1.0)) * BINS_A_DECADE)
        counts[place] = counts.get(place, 0) + 1
    return [(round(10 ** (place / BINS_A_DECADE), 3), counts[place]) for place in sorted(counts)]


def series_of(question: Question, contender: str, readings: list[Reading]) -> Series:
    """All rounds of one contender."""
    p99s = [reading.p99 for reading in readings if reading.p99 is not None]
    return Series(
        question=question.name,
        contender=contender,
        unit=question.unit,
        more_is_better=question.more_is_better,
        rounds=[reading.value for reading in readings],
        p50=median(reading.value for reading in readings),
        p99=median(p99s) if p99s else None,
        bins=binned([sample for reading in readings for sample in reading.samples]),
    )


def rows_of(question: Question, found: list[Series]) -> list[Row]:
    """Ours beside its targets, then beside each rival, measured or asked for."""
    ours, *rivals = found
    rows = [row for row in (alone(question, ours), alone_at_p99(question, ours)) if row is not None]
    rows += [beside(question, ours, rival) for rival in rivals]
    known = {rival.contender for rival in rivals}
    for name in question.ratios:
        if name not in known:
            rows.append(missing(question, ours, name))
    return rows or [Row(name=question.name, ours=ours.p50, unit=question.unit)]


def alone(question: Question, ours: Series) -> Row | None:
    """Ours beside a figure to reach."""
    row = Row(name=question.name, ours=ours.p50, unit=question.unit)
    if question.at_most is not None:
        row.target = f"≤ {value(question.at_most, question.unit)}"
        row.met = ours.p50 <= question.at_most
    elif question.at_least is not None:
        row.target = f"≥ {value(question.at_least, question.unit)}"
        row.met = ours.p50 >= question.at_least
    else:
        return None
    return row


def alone_at_p99(question: Question, ours: Series) -> Row | None:
    if question.p99_at_most is None or ours.p99 is None:
        return None
    return Row(
        name=f"{question.name} p99",
        ours=ours.p99,
        unit=question.unit,
        target=f"≤ {value(question.p99_at_most, question.unit)}",
        met=ours.p99 <= question.p99_at_most,
    )


def beside(question: Question, ours: Series, rival: Series) -> Row:
    """Ours beside one rival. Each round has its own ratio, so that a machine that drifts moves both."""
    ratio = median(
        better(question, mine, theirs) for mine, theirs in zip(ours.rounds, rival.rounds, strict=True)
    )
    least = question.ratios.get(rival.contender)
    return Row(
        name=question.name,
        ours=ours.p50,
        unit=question.unit,
        rival=rival.contender,
        rival_value=rival.p50,
        ratio=ratio,
        target=None if least is None else ratio_text(least),
        met=None if least is None else ratio >= least,
    )


def better(question: Question, ours: float, rival: float) -> float:
    """How many times better ours is."""
    return ours / rival if question.more_is_better else rival / ours


def ratio_text(least: float) -> str:
    return f"≥ {least:g} ×" if least >= 1 else f"≤ {1 / least:.3g} × its time"


def missing(question: Question, ours: Series, rival: str) -> Row:
    return Row(
        name=question.name,
        ours=ours.p50,
        unit=question.unit,
        rival=rival,
        target=ratio_text(question.ratios[rival]),
        why="the rival is not installed here",
    )
