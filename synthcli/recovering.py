"""What the commands share that recover by hand."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import click

from synthcli.venue import named

if TYPE_CHECKING:
    from synthcore.settings.load import Settings
    from synthcore.settings.run import RunSettings


def show_plan(loaded: Settings, debug: bool) -> None:
    """Say what a recovery would do."""
    from synthcore.engine.recover import look
    from synthcore.execution.recovery import plan_lines
    from synthcore.monitor.log import handled_by

    settings = loaded.for_run(debug)
    say_without_journal(settings)
    with named(loaded), handled_by(logging.NullHandler(), settings.config.effective_log_level):
        lines = plan_lines(asyncio.run(look(settings)))
    for line in lines or ["nothing was left: nothing to do"]:
        click.echo(line)


def carry_out(loaded: Settings, debug: bool) -> None:
    """Recover, and say how each trade ended."""
    from synthcore.engine.recover import recover
    from synthcore.monitor.log import run_log

    settings = loaded.for_run(debug)
    say_without_journal(settings)
    log = settings.state_dir / "runs" / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-recover.log"
    with named(loaded), run_log(log, settings.config.effective_log_level):
        asyncio.run(recover(settings, click.echo))
    click.echo("nothing of an earlier run is open: flat, by the exchange")


def say_without_journal(settings: RunSettings) -> None:
    from synthcore.engine.books import JOURNAL

    path = settings.state_dir / JOURNAL
    if settings.journal == "off" or not path.is_file():
        click.echo(f"no journal ({path}): what is ours is looked for on the exchange alone", err=True)
