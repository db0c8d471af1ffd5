"""`synthtest recover`: what an earlier process left, shown or brought to its end."""

from __future__ import annotations

from pathlib import Path

import click

from synthcli import options
from synthcli.recovering import carry_out, show_plan


@click.command(
    "recover",
    help="Take over what a run that crashed left, by the journal and the exchange: cancel its orders, close"
    " its trades and what else our orders hold. `run` does the same at its start.\n\n"
    "Exit codes: 0 done, or nothing to do; 2 nothing could be done; 3 not flat or not known to be.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done; change nothing.")
@options.settings(*options.ACCOUNT, "state_dir")
@options.config_file
@click.pass_obj
def command(debug: bool | None, /, dry_run: bool, config_path: Path | None, **flags: str | None) -> None:
    from synthcore.settings.load import load_settings

    loaded = load_settings(flags, config_file=config_path)
    if dry_run:
        show_plan(loaded, bool(debug))
    else:
        carry_out(loaded, bool(debug))
