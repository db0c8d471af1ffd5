"""What `--require-criteria` asks of a finished run."""

from __future__ import annotations

from msgspec import Struct

from synthcore.monitor.observer import Facts
from synthcore.monitor.stages import STAGES

LEAST_TRADES = 100
LEAST_SUCCESS = 0.95


class Criterion(Struct, frozen=True):
    """One thing that must hold, and what was found."""

    name: str
    must: str
    found: str
    is_met: bool


def criteria(summary: Facts) -> list[Criterion]:
    """Hold a summary against the targets: success with enough trades, drops, p99 of every stage."""
    rate, trades, dropped = summary["success_rate"], summary["trades"], summary["dropped"]
    found = [
        Criterion("trades", f"at least {LEAST_TRADES}", str(trades), trades >= LEAST_TRADES),
        Criterion(
            "success_rate",
            f"above {LEAST_SUCCESS:.0%}",
            "no trades" if rate is None else f"{rate:.2%}",
            rate is not None and rate > LEAST_SUCCESS,
        ),
        Criterion("dropped", "0", str(dropped), dropped == 0),
    ]
    for stage in STAGES:
        if stage.target_ns is not None:
            p99_ns = summary["latency_ns"][stage.name]["p99"]
            found.append(
                Criterion(
                    f"{stage.name} p99",
                    f"under {stage.target_ns / 1e6:g} ms",
                    "not measured" if p99_ns is None else f"{p99_ns / 1e6:.3f} ms",
                    p99_ns is not None and p99_ns < stage.target_ns,
                )
            )
    return found


def criteria_met(summary: Facts) -> bool:
    """Whether all of them hold."""
    return all(criterion.is_met for criterion in criteria(summary))
