"""What a simulation has to say."""

from __future__ import annotations

from msgspec import Struct

from synthcore.simulation.exposure import Durations, ExposureSummary
from synthcore.simulation.judge import GivenUp, Violation
from synthcore.simulation.lane_judge import LaneSummary

SHOWN = 20


class Summary(Struct, frozen=True, kw_only=True):
    """The last line of `synthtest simulate --json`."""

    type: str = "summary"
    seed: int
    trades: int  # that ended
    hours: float  # simulated
    wall_s: float
    cpu_s: float  # of this process: what it would take on a core of its own
    times_real: float
    faults: dict[str, int]  # that struck, by kind
    ends: dict[str, int]  # of trades
    unresolved: list[GivenUp]  # the trades whose end that is
    lives: dict[str, int]  # of trading processes, by how they ended
    suppressed: dict[str, int]  # opportunities that became no trade, by reason
    longest_trade_s: float  # from its first order to its end
    exposure: ExposureSummary  # a symbol's sides unequal, at the exchange
    fast_lane: LaneSummary | None = None  # where it was on
    violation_count: int
    violations: list[Violation]  # the first of them
    hash: str  # over all events


def summary_lines(summary: Summary) -> list[str]:
    """The same in words."""
    lines = [
        f"seed {summary.seed}: {summary.trades:,} trades in {summary.hours:g} simulated hours,"
        f" {summary.wall_s:,.1f} s ({summary.cpu_s:,.1f} s of CPU), {summary.times_real:,.0f} × real time",
        f"ends        {counts(summary.ends)}",
        *(f"  at {one.at_s:.6f} s: {given_up(one)}" for one in summary.unresolved[:SHOWN]),
        f"processes   {counts(summary.lives)}",
        f"faults      {sum(summary.faults.values()):,} of {len(summary.faults)} kinds:"
        f" {counts(summary.faults)}",
        f"suppressed  {counts(summary.suppressed)}",
        f"longest     {summary.longest_trade_s:g} s from a trade's first order to its end",
        f"unhedged    {times(summary.exposure.undisturbed)}",
        f"            {times(summary.exposure.disturbed)} where the process was killed, had given up,"
        " or the exchange was away",
    ]
    if summary.fast_lane is not None:
        lines.append(f"fast lane   {by_lane(summary.fast_lane)}")
    lines.append(f"violations  {summary.violation_count}")
    lines += [f"  at {one.at_s:.6f} s: {one.what}" for one in summary.violations[:SHOWN]]
    return [*lines, f"hash        {summary.hash}"]


def given_up(trade: GivenUp) -> str:
    circumstance = "shut out" if trade.was_shut_out else f"the exchange away for {trade.away_s:.1f} s"
    return f"{trade.trade} after {trade.took_s:.1f} s, {circumstance}: {trade.why}"


def by_lane(lane: LaneSummary) -> str:
    return (
        f"{lane.allowed:,} trades allowed, {lane.revoked:,} revoked, {lane.sent:,} sent,"
        f" {lane.orphaned:,} of them killed before the journal knew"
    )


def counts(numbers: dict[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in numbers.items()) or "none"


def times(taken: Durations) -> str:
    return (
        f"{taken.count:,} times: p50 {taken.p50_ms:,.1f} ms, p99 {taken.p99_ms:,.1f},"
        f" p99.9 {taken.p999_ms:,.1f}, max {taken.max_ms:,.1f}"
    )
