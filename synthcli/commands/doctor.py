"""`synthtest doctor`: is everything in order for a run, and what to do where it isn't."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthcli import options
from synthcli.venue import exchange_of

if TYPE_CHECKING:
    from synthcore.doctor import Finding
    from synthcore.environment import Credentials, Environment
    from synthcore.settings.load import Settings

MARKS = {"ok": ("ok", "green"), "warning": ("warning", "yellow"), "wrong": ("WRONG", "red")}


@click.command(
    "doctor",
    help="Check the machine, the reach of the exchange, clock, key, position mode and balance; each finding"
    " says its fix. Without keys it starts an embedded exchange and looks at that.\n\n"
    "Exit code 0 when nothing is wrong (warnings may be), else 1.",
)
@options.settings(
    "environment", "symbols_to_trade", "estimated_position_size", "max_concurrent_trades", "attach"
)
@options.settings(*options.HOSTS)
@options.config_file
@click.option(
    "--fix",
    type=click.Choice(["position-mode"]),
    help="Put this right too: position-mode switches the symbols to hedge mode.",
)
@options.json_lines("One object a finding, one a line.")
def command(config_path: Path | None, fix: str | None, as_json: bool, **flags: str | None) -> int:
    from synthcore.doctor import examine_machine
    from synthcore.environment import refuse_live, require_keys
    from synthcore.settings.load import load_settings

    loaded = load_settings(flags, config_file=config_path)
    grades = [show(finding, as_json) for finding in examine_machine()]
    refuse_live(loaded.environment.name)
    require_keys(loaded.environment.name, loaded.keys.credentials)
    with exchange_of(loaded) as (environment, credentials):
        assert credentials is not None  # required above, or the embedded exchange's own
        grades += asyncio.run(examine(loaded, environment, credentials, fix == "position-mode", as_json))
    return 1 if "wrong" in grades else 0


async def examine(
    loaded: Settings, environment: Environment, credentials: Credentials, fix: bool, as_json: bool
) -> list[str]:
    """Show each finding as soon as it is known; return the grades."""
    from synthcore.doctor import Examination

    examination = Examination(environment, credentials, loaded.config, fix_position_mode=fix)
    return [show(finding, as_json) async for finding in examination.findings()]


def show(finding: Finding, as_json: bool) -> str:
    """Print one finding; return its grade."""
    if as_json:
        facts = {"name": finding.name, "grade": finding.grade, "text": finding.text, "fix": finding.fix}
        click.echo(json.dumps(facts, ensure_ascii=False))
        return finding.grade
    word, colour = MARKS[finding.grade]
    click.echo(f"{click.style(f'{word:<8}', fg=colour)} {finding.name:<15} {finding.text}")
    if finding.fix:
        click.echo(f"{'':<24} fix: {finding.fix}")
    return finding.grade
