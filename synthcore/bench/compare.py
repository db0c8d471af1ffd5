"""Two results beside each other: what changed, and what is only noise."""

from __future__ import annotations

from math import comb
from typing import NamedTuple

from synthcore.bench.figure import value
from synthcore.bench.limits import CACHE_LINE
from synthcore.bench.result import Limit, Report, Series
from synthcore.bench.table import columns

LIMITS_DIFFER = 1.3


class Change(NamedTuple):
    """One contender in both results."""

    before: Series
    after: Series
    ratio: float  # how many times better the second is
    least: float  # the same for the pair of rounds that favours the second least
    most: float
    said: str  # "better", "worse" or "noise"


def changes(before: Report, after: Report) -> list[Change]:
    """Those that both results have, in the order of the second.

    A change is one only if every round of one result is on the same side of every round of the other.
    """
    earlier = {(series.question, series.contender): series for series in before.series}
    return [
        change(earlier[series.question, series.contender], series)
        for series in after.series
        if (series.question, series.contender) in earlier
    ]


def change(before: Series, after: Series) -> Change:
    def better(old: float, new: float) -> float:
        if old == new:  # zero, too: a share of a core may be
            return 1.0
        first, second = (new, old) if after.more_is_better else (old, new)
        return first / second if second else float("inf")

    ratios = [better(old, new) for old in before.rounds for new in after.rounds]
    least, most = min(ratios), max(ratios)
    said = "better" if least > 1 else "worse" if most < 1 else "noise"
    return Change(before, after, better(before.p50, after.p50), least, most, said)


def chance(change: Change) -> float:
    """How likely such a separation is where nothing changed: rounds in any order are equally likely."""
    return 2 / comb(len(change.before.rounds) + len(change.after.rounds), len(change.after.rounds))


def text(before: Report, after: Report) -> str:
    """The comparison, for a terminal."""
    found = changes(before, after)
    rows: list[tuple[str, ...]] = [("question", "contender", "before", "after", "ratio", "noise bounds", "")]
    rows += [
        (
            each.after.question,
            each.after.contender,
            value(each.before.p50, each.before.unit),
            value(each.after.p50, each.after.unit),
            f"{each.ratio:.3g} ×",
            f"{each.least:.3g} to {each.most:.3g} ×",
            each.said if each.said != "noise" else "",
        )
        for each in found
    ]
    return "\n".join([*columns(rows), "", *conditions(before, after), *summary(found)])


def summary(found: list[Change]) -> list[str]:
    if not found:
        return ["the two results have no contender in common"]
    better = sum(each.said == "better" for each in found)
    worse = sum(each.said == "worse" for each in found)
    return [
        f"{better} better, {worse} worse, {len(found) - better - worse} within the noise; above 1 × the"
        f" second is ahead; by chance alone {max(map(chance, found)):.1%} of the rows would stand out"
    ]


def conditions(before: Report, after: Report) -> list[str]:
    """What makes the two hard to compare."""
    said = [f"! before: {warning}" for warning in before.warnings]
    said += [f"! after: {warning}" for warning in after.warnings]
    old, new = line_of(before.limits), line_of(after.limits)
    if old and new and not 1 / LIMITS_DIFFER < new / old < LIMITS_DIFFER:
        said.append(
            f"! the cores were at another distance ({old:.0f} and {new:.0f} ns for a cache line):"
            " compare ratios"
        )
    if before.machine.processor != after.machine.processor:
        said.append("! another processor: compare ratios")
    if before.quick or after.quick:
        said.append("! a quick run: its rounds are too few and too short to tell small changes")
    return said


def line_of(found: list[Limit]) -> float | None:
    return next((limit.p50 for limit in found if limit.name == CACHE_LINE), None)
