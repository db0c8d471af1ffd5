"""`synthtest flatten`: nothing may be open any more, whether a run goes on or not."""

from __future__ import annotations

from pathlib import Path

import click

from synthcli import options
from synthcli.controlled import finish
from synthcli.recovering import carry_out


@click.command(
    "flatten",
    help="Close everything of ours. A run that goes on with this state folder closes its trades and begins no"
    " new ones. Where none goes on, what an earlier one left is taken over and closed, by the journal and the"
    " exchange.\n\n"
    "Exit codes: 0 flat; 2 nothing could be done; 3 not flat or not known to be.",
)
@options.settings(*options.ACCOUNT, "state_dir")
@options.config_file
@click.pass_obj
def command(debug: bool | None, /, config_path: Path | None, **flags: str | None) -> int:
    from synthcore.engine.control_client import ask
    from synthcore.engine.control_messages import Request
    from synthcore.settings.load import load_settings

    loaded = load_settings(flags, config_file=config_path)
    answer = ask(loaded.values["state_dir"].value, Request("flatten"))
    if answer is not None:
        return finish(answer)
    click.echo("no run goes on with this state folder: closing what an earlier one left", err=True)
    carry_out(loaded, bool(debug))
    return 0
