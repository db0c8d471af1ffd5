"""`synthtest stop`: end a running run flat, from another terminal."""

from __future__ import annotations

from pathlib import Path

import click

from synthcli import options
from synthcli.controlled import asked, finish
from synthcore.engine.control_messages import Request


@click.command(
    "stop",
    help="End the run of this state folder: no new entries, everything closed, flat on the exchange. It waits"
    " for the end and says it.\n\n"
    "Exit code: the run's own (0 finished and flat, 3 not flat or not known to be), 2 where no run is.",
)
@options.settings("state_dir")
@options.config_file
def command(config_path: Path | None, **flags: str | None) -> int:
    from synthcore.monitor.text import FLAT_ENDS

    answer = asked(flags, config_path, Request("stop"))
    if answer.exit_code is None:
        return finish(answer)
    words = FLAT_ENDS.get(answer.exit_code, "flat") if answer.flat else "NOT FLAT, or not known to be"
    click.echo(f"the run ended: {words} (exit code {answer.exit_code})")
    return answer.exit_code
