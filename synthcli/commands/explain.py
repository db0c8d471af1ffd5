"""`synthtest explain`: can these settings ever qualify, why not, and which near them can."""

from __future__ import annotations

import json
from pathlib import Path

import click

from synthcli import options


@click.command(
    "explain",
    help="Solve the four checks for the settings: say whether an opportunity can ever qualify, why not,"
    " and the nearest settings that can.",
)
@options.settings("profile", *options.STRATEGY)
@options.config_file
@options.json_lines("One object instead of lines.")
def command(config_path: Path | None, as_json: bool, **flags: str | None) -> None:
    from synthcore.feasibility import explain
    from synthcore.settings.load import load_settings

    loaded = load_settings(flags, config_file=config_path)
    answer = explain(loaded.config)
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "profile": loaded.profile, **answer.to_dict()}))
        return
    for line in answer.lines:
        click.echo(line)
    click.echo()
    click.echo(answer.sentence)
