"""`synthtest simulate`: a day of trading under faults, in minutes, judged as the exchange counts it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthcli import options

if TYPE_CHECKING:
    from synthcore.simulation.summary import Summary

EXIT_VIOLATED = 1
EXIT_INTERRUPTED = 130


@click.command(
    "simulate",
    help="Trade against an exchange in this process, in virtual time, under faults, and hold every trade"
    " against what the exchange counts. The same seed gives the same run, to the last event: what failed is"
    " repeated by this command.\n\n"
    "Exit code: 0 without a violation, 1 with one, 2 wrong use, 130 interrupted.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of everything that is left to chance.")
@click.option("--hours", type=float, default=1.0, show_default=True, help="Simulated, e.g. 24.")
@click.option(
    "--faults",
    default="storm",
    show_default=True,
    metavar="none|storm|FILE",
    help="Nothing, faults of all kinds at seeded moments, or those of a file (docs/faults.md).",
)
@click.option(
    "--fast-lane",
    type=click.Choice(["on", "off"]),
    default="off",
    show_default=True,
    help="Let entries leave by compiled code, each trade allowed beforehand (docs/design.md).",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Keep the journal in this folder, for `synthtest trades --state PATH`.",
)
@options.json_lines("The summary as one object on the last line.")
def command(seed: int, hours: float, faults: str, fast_lane: str, state: Path | None, as_json: bool) -> int:
    from synthcore.simulation.settings import read_settings
    from synthcore.simulation.simulation import Simulation

    settings = read_settings(seed, hours, faults, state, fast_lane=fast_lane == "on")
    simulation = Simulation(settings, tell_progress)
    click.echo(f"simulating {hours:g} hours of seed {seed}, faults {faults}", err=True)
    try:
        summary = simulation.run()
    except KeyboardInterrupt:
        print_summary(simulation.summary(), as_json)
        return EXIT_INTERRUPTED
    print_summary(summary, as_json)
    return EXIT_VIOLATED if summary.violation_count else 0


def tell_progress(summary: Summary) -> None:
    """A line after each simulated hour."""
    click.echo(
        f"{summary.hours:g} hours: {summary.trades:,} trades, {summary.violation_count} violations,"
        f" {summary.times_real:,.0f} × real time",
        err=True,
    )


def print_summary(summary: Summary, as_json: bool) -> None:
    import msgspec

    from synthcore.simulation.summary import summary_lines

    click.echo(msgspec.json.encode(summary) if as_json else "\n".join(summary_lines(summary)))
