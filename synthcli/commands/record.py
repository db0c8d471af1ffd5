"""`synthtest record`: a public feed, frame by frame, into a file that can be replayed."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from synthcli import options
from synthcli.venue import exchange_of, named
from synthcore.settings import origin, rules
from synthcore.settings.catalog import SETTINGS, Setting

if TYPE_CHECKING:
    from synthcore.capture import Captured
    from synthcore.environment import Environment
    from synthcore.settings.load import Settings

TOPICS = Setting("topics", "--topics", (), SETTINGS["topics"].rule, SETTINGS["topics"].about)
OUTPUT = Setting(
    "output", "--output", (), rules.path("market.jsonl.gz"), "new file, gzip where it ends in .gz"
)


@click.command(
    "record",
    help="Write what a public feed sends into a recording, until the time is over or Ctrl+C.\n\n"
    "Public data need no keys: `--env demo` and `--env live` record the mainnet market. Without --env an"
    " embedded exchange is started and its generated market recorded.",
)
@options.from_settings(OUTPUT)
@options.settings("symbols_to_trade", "duration", "environment", "attach", "seed", "api_url", "ws_public_url")
@options.from_settings(TOPICS)
@options.config_file
def command(config_path: Path | None, output: str | None, **flags: str | None) -> int:
    from synthcore.settings.load import load_settings

    if output is None:
        raise click.UsageError("--output must name a new file; give for example --output market.jsonl.gz")
    path: Path = OUTPUT.check(output, origin.flag("--output"))
    loaded = load_settings(flags, config_file=config_path)
    with named(loaded), exchange_of(loaded) as (environment, _):
        captured = asyncio.run(capture_until_stopped(loaded, environment, path))
    click.echo(
        f"{captured.written} messages in {captured.seconds:.1f} s, {captured.lost} lost: {captured.path}"
    )
    return 0


async def capture_until_stopped(loaded: Settings, environment: Environment, path: Path) -> Captured:
    """Record; Ctrl+C and SIGTERM finish the file."""
    from synthcore.capture import capture

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    duration_s = loaded.values["duration"].value
    config = loaded.config
    with ProgressLine(duration_s) as line:
        return await capture(
            environment, config.symbols_to_trade, config.topics, path, duration_s, stop, line.show
        )


class ProgressLine:
    """How far it is, on a terminal; nothing elsewhere."""

    def __init__(self, duration_s: float | None) -> None:
        self._limit = f" of {duration_s:.0f}" if duration_s else ""
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._is_shown:
            click.echo("\r\x1b[2K", err=True, nl=False)

    def show(self, passed_s: float, written: int) -> None:
        if self._is_shown:
            click.echo(
                f"\rrecording: {passed_s:.0f}{self._limit} s, {written:,} messages", err=True, nl=False
            )
