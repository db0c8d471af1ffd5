"""Solve the gates before anything starts: can these settings ever qualify, and which near them can?

In synthetic mode every quantity of the four checks follows from the settings (no boosts, estimated depth), so
either every complete quote qualifies or none does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct, structs

from synthcore.config import SyntheticConfig
from synthcore.qualification import PRODUCTION_RULES, Failure, Qualification, QualificationRules, qualify

# The depth estimate is a step function of the spread: inside one tier the gates are monotonic.
SPREAD_TIERS_BPS = ((0.0, 100.0), (100.0, 200.0), (200.0, 10_000.0))
SMALLEST_SIZE_USDT = 1.0
NICE_DISTANCE = 0.02  # a rounded value lies within 2 % of the exact one


class Settings(Struct, frozen=True):
    """The settings that decide, and which of them differ from those asked about."""

    spread_bps: float
    funding_delta: float  # per 8 hours
    position_size: float  # USDT per leg
    changed: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = {
            "spread_bps": f"spread {_number(self.spread_bps)} bps",
            "funding_delta": f"funding {_number(self.funding_delta)}",
            "position_size": f"size {_number(self.position_size)} USDT",
        }
        first, *others = (words[name] for name in (self.changed or words))
        return f"{first} with {' and '.join(others)}" if others else first


class Feasibility(Struct, frozen=True):
    """Whether any opportunity can ever qualify, why not, and the nearest settings that can."""

    settings: Settings
    qualification: Qualification
    sentence: str
    lines: tuple[str, ...]  # a table for people: every quantity, every check
    nearest: tuple[Settings, ...]  # empty if the settings qualify, or if nothing can

    @property
    def qualifies(self) -> bool:
        """Whether every complete quote qualifies."""
        return self.qualification.qualifies

    def to_dict(self) -> dict[str, Any]:
        """Give the whole answer as plain values for JSON (no NaN or infinity: those become None)."""
        return {
            "qualifies": self.qualifies,
            "sentence": self.sentence,
            "settings": _plain(self.settings, "changed"),
            **_plain(self.qualification, "failures"),
            "failures": [_plain(failure) for failure in self.qualification.failures],
            "nearest": [_plain(settings) for settings in self.nearest],
        }


def explain(config: SyntheticConfig, rules: QualificationRules = PRODUCTION_RULES) -> Feasibility:
    """Solve the gates for a run's settings."""
    settings = Settings(
        config.synthetic_spread_bps, config.synthetic_funding_delta, config.estimated_position_size
    )
    verdict = _qualify(settings, rules)
    nearest = () if verdict.qualifies else nearest_settings(settings, rules)
    return Feasibility(
        settings,
        verdict,
        _sentence(verdict, rules, nearest),
        tuple(_table(settings, verdict, rules, nearest)),
        nearest,
    )


# ── the search ────────────────────────────────────────────────────────────────────────────────────────────


def nearest_settings(
    settings: Settings, rules: QualificationRules = PRODUCTION_RULES
) -> tuple[Settings, ...]:
    """Find the nearest settings that qualify, changing as few of them as possible.

    Each answer is verified by `qualify` itself. Where two settings must change together there may be two
    answers: the least of the one, then the least of the other that goes with it, and the other way round.
    """
    solver = _Solver(rules)
    for routes in (
        [["spread_bps"], ["funding_delta"], ["position_size"]],
        [
            ["spread_bps", "funding_delta"],
            ["funding_delta", "spread_bps"],
            ["position_size", "spread_bps"],
            ["position_size", "funding_delta"],
        ],
        [["position_size", "spread_bps", "funding_delta"]],
    ):
        answers = [answer for route in routes if (answer := solver.solve(settings, route)) is not None]
        if answers:
            return tuple(dict.fromkeys(answers))
    return ()


class _Solver:
    """Moves one setting after the other to the least change that still lets the rest be solved."""

    def __init__(self, rules: QualificationRules) -> None:
        self.rules = rules
        self.moves: dict[str, Callable[[Settings, Callable[[Settings], bool]], list[float]]] = {
            "spread_bps": self.spreads,
            "funding_delta": self.fundings,
            "position_size": self.sizes,
        }

    def solve(self, settings: Settings, route: list[str]) -> Settings | None:
        """Change the settings of `route` in its order; None if that can't qualify."""
        found = settings
        for step, name in enumerate(route):
            later = route[step + 1 :]
            values = self.moves[name](found, lambda tried, later=later: self.can(tried, later))  # type: ignore[misc]
            if not values:
                return None
            start: float = getattr(settings, name)
            found = structs.replace(found, **{name: min(values, key=lambda value: abs(value - start))})
        changed = tuple(name for name in structs.asdict(settings) if name in route)
        return structs.replace(found, changed=changed)

    def can(self, settings: Settings, free: list[str]) -> bool:
        """Whether the settings qualify with the `free` ones at any value."""
        best = [settings]
        if "funding_delta" in free:
            best = [structs.replace(one, funding_delta=self.best_funding()) for one in best]
        if "spread_bps" in free:
            best = [structs.replace(one, spread_bps=top) for one in best for _, top in SPREAD_TIERS_BPS]
        return any(_qualify(one, self.rules).qualifies for one in best)

    def best_funding(self) -> float:
        """Give a funding delta beyond which nothing improves."""
        return max(0.01, 2.0 * self.rules.min_funding_delta)

    def spreads(self, settings: Settings, can: Callable[[Settings], bool]) -> list[float]:
        """List the lowest and the highest spread of each depth tier that can qualify."""
        found = []
        for low, top in SPREAD_TIERS_BPS:

            def passes(spread_bps: float) -> bool:
                return can(structs.replace(settings, spread_bps=spread_bps))

            if passes(top):
                found += [_nice(_boundary(passes, bad=low, good=top), passes, up=True), top]
        return found

    def fundings(self, settings: Settings, can: Callable[[Settings], bool]) -> list[float]:
        """List the lowest funding delta that can qualify, if any can."""

        def passes(funding_delta: float) -> bool:
            return can(structs.replace(settings, funding_delta=funding_delta))

        top = self.best_funding()
        return [_nice(_boundary(passes, bad=0.0, good=top), passes, up=True)] if passes(top) else []

    def sizes(self, settings: Settings, can: Callable[[Settings], bool]) -> list[float]:
        """List the largest position size that can qualify, if a smaller one can."""

        def passes(position_size: float) -> bool:
            return can(structs.replace(settings, position_size=position_size))

        if settings.position_size <= SMALLEST_SIZE_USDT or not passes(SMALLEST_SIZE_USDT):
            return []
        if passes(settings.position_size):
            return [settings.position_size]
        boundary = _boundary(passes, bad=settings.position_size, good=SMALLEST_SIZE_USDT)
        return [_nice(boundary, passes, up=False)]


def _boundary(passes: Callable[[float], bool], *, bad: float, good: float) -> float:
    """Find the passing value next to the failing ones, by halving; `good` passes, `bad` is taken to fail."""
    while True:
        middle = bad + (good - bad) / 2.0
        if middle in (bad, good):
            return good
        if passes(middle):
            good = middle
        else:
            bad = middle


def _nice(value: float, passes: Callable[[float], bool], *, up: bool) -> float:
    """Round to the fewest digits that stay near the value and still pass."""
    for digits in range(1, 17):
        rounded = float(f"{value:.{digits - 1}e}")
        if rounded == value:
            return value
        step = 10.0 ** (int(f"{value:e}".split("e")[1]) - digits + 1)
        for candidate in (rounded, rounded + step if up else rounded - step):
            candidate = float(f"{candidate:.{digits}e}")
            beyond = candidate >= value if up else 0.0 < candidate <= value
            if beyond and abs(candidate - value) <= NICE_DISTANCE * value and passes(candidate):
                return candidate
    return value


# ── the words ─────────────────────────────────────────────────────────────────────────────────────────────


def _qualify(settings: Settings, rules: QualificationRules) -> Qualification:
    return qualify(
        spread_bps=settings.spread_bps,
        funding_delta=settings.funding_delta,
        position_size=settings.position_size,
        rules=rules,
    )


def _sentence(verdict: Qualification, rules: QualificationRules, nearest: tuple[Settings, ...]) -> str:
    if verdict.qualifies:
        return (
            f"with these settings every complete quote qualifies: confidence {verdict.confidence} of "
            f"{rules.min_confidence}; profit {_number(verdict.projected_profit_bps)} bps"
        )
    reasons = "; ".join(_words(failure) for failure in verdict.failures)
    if nearest:
        way_out = f"the nearest settings that can: {', or '.join(map(str, nearest))}"
    else:
        way_out = "under these rules no spread, funding and size can"
    return f"with these settings no opportunity can ever qualify: {reasons}; {way_out}"


def _words(failure: Failure) -> str:
    value, threshold = _number(failure.value), _number(failure.threshold)
    match failure.reason:
        case "funding_delta":
            return f"funding {value} is not above {threshold}"
        case "depth":
            return f"depth {value} USDT is under the {threshold} USDT that the size needs"
        case "confidence":
            return f"confidence {value} of {threshold}"
        case _:
            return f"profit {value} bps" + ("" if failure.threshold == 0.0 else f" is not above {threshold}")


def _table(
    settings: Settings, verdict: Qualification, rules: QualificationRules, nearest: tuple[Settings, ...]
) -> Iterator[str]:
    failed = {failure.reason for failure in verdict.failures}
    needed = rules.min_depth_multiple * settings.position_size
    profit_bps = verdict.projected_profit_bps
    funding = abs(settings.funding_delta)
    for name, value, unit in (
        ("spread", settings.spread_bps, "bps"),
        ("taker fees, both legs", verdict.total_fees_bps, "bps"),
        ("funding cost", rules.funding_cost_bps, "bps"),
        ("slippage", verdict.slippage_bps, "bps"),
        ("position size", settings.position_size, "USDT a leg"),
    ):
        yield f"{name:<22}{_number(value):>12} {unit}"
    for name, reason, value, rule in (
        ("funding delta", "funding_delta", funding, f"above {_number(rules.min_funding_delta)}"),
        ("depth, estimated", "depth", verdict.depth, f"at least {_number(needed)} USDT"),
        ("confidence", "confidence", verdict.confidence, f"at least {rules.min_confidence}"),
        ("projected profit", "profit", profit_bps, f"above {_number(rules.min_profit_bps)} bps"),
    ):  # fmt: skip
        answer = "fails" if reason in failed else "passes"
        yield f"{name:<22}{_number(value):>12} {answer:<7} {rule}"
    for answer_number, settings_near in enumerate(nearest):
        yield f"{'nearest that qualify' if answer_number == 0 else 'or':<22}{settings_near}"


def _number(value: float) -> str:
    """Write a number for people: no float noise, a real minus sign."""
    return ("−" if value < 0.0 else "") + f"{abs(value):.10g}"


def _plain(struct: Struct, *without: str) -> dict[str, Any]:
    return {name: _finite(value) for name, value in structs.asdict(struct).items() if name not in without}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
