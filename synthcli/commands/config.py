"""`synthtest config show`: every effective setting and where it came from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from synthcli import options
from synthcore.settings.catalog import SETTINGS


@click.group("config", help="Look at the settings.")
def command() -> None:
    pass


@command.command(
    "show",
    help="Print every effective setting, its value and where it came from; secrets are masked.\n\n"
    "Precedence: flag, environment variable, .env, config file, stage (ENVIRONMENT), profile, default.",
)
@options.settings(*(setting.name for setting in SETTINGS.values() if setting.flag))
@options.config_file
@options.json_lines("One object a setting, one a line.")
def show(config_path: Path | None, as_json: bool, **flags: str | None) -> None:
    from synthcore.settings.load import load_settings

    loaded = load_settings(flags, config_file=config_path)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    rows = loaded.effective()
    if as_json:
        for row in rows:
            click.echo(json.dumps({"setting": row.setting, "value": row.value, "origin": row.origin}))
        return
    name_width = max(len(row.setting) for row in rows)
    value_width = max(len(row.value) for row in rows)
    for row in rows:
        click.echo(f"{row.setting:<{name_width}}  {row.value:<{value_width}}  {row.origin}")
