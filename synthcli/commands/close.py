"""`synthtest close`: leave the trades of one symbol."""

from __future__ import annotations

from pathlib import Path

import click

from synthcli import options
from synthcli.controlled import asked, finish
from synthcore.engine.control_messages import Request


@click.command(
    "close",
    help="Close the open trades of SYMBOL in the run of this state folder, and say how each ended. The run"
    " goes on, and may trade the symbol again.\n\n"
    "Exit codes: 0 closed; 2 no run, or no open trade; 3 not flat or not known to be.",
)
@click.argument("symbol")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept with the trade.")
@options.settings("state_dir")
@options.config_file
def command(symbol: str, reason: str, config_path: Path | None, **flags: str | None) -> int:
    return finish(asked(flags, config_path, Request("close", symbol.upper(), reason)))
