"""`synthtest trades`: what the journal knows, also beside a run that writes it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from synthcli import options

if TYPE_CHECKING:
    from synthcore.execution.journal_read import TradeLine
    from synthcore.execution.story import StoryLine


@click.command(
    "trades",
    help="List the trades of the journal, newest first; with TRADE, print the time line of one: events,"
    " orders, fills, prices, latencies, reasons.\n\n"
    "It only reads, also while a run trades.",
)
@click.argument("trade", required=False)
@options.settings("state_dir")
@options.config_file
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=20,
    metavar="N",
    help="The newest N trades; e.g. 100. Without it 20.",
)
@options.json_lines("One object a trade, or a moment of the trade, one a line.")
def command(
    trade: str | None, config_path: Path | None, limit: int, as_json: bool, **flags: str | None
) -> None:
    from synthcore.engine.books import JOURNAL
    from synthcore.settings.load import load_settings

    path: Path = load_settings(flags, config_file=config_path).values["state_dir"].value / JOURNAL
    if trade is None:
        show_list(path, limit, as_json)
    else:
        show_one(path, trade, as_json)


def show_list(path: Path, limit: int, as_json: bool) -> None:
    from synthcore.execution.journal_read import trades

    found = trades(path, limit)
    if as_json:
        print_json("trade", found)
        return
    if not found:
        click.echo("the journal has no trades yet", err=True)
        return
    from synthcore.monitor.trades import print_trades

    print_trades(sys.stdout, msgspec.to_builtins(found))


def show_one(path: Path, trade: str, as_json: bool) -> None:
    from synthcore.execution.journal_read import begun_of, time_line
    from synthcore.execution.story import story

    lines = list(story(*begun_of(path, trade), time_line(path, trade)))
    if as_json:
        print_json("moment", lines)
        return
    from synthcore.monitor.trades import print_story

    print_story(sys.stdout, msgspec.to_builtins(lines))


def print_json(kind: str, found: Iterable[TradeLine | StoryLine]) -> None:
    for one in found:
        click.echo(msgspec.json.encode({"type": kind, **msgspec.to_builtins(one)}))
