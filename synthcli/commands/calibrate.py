"""`synthtest calibrate`: where an exchange differs from the embedded one, field by field."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from synthcli import options
from synthcli.peers import our_peer, their_peer
from synthcli.venue import named

if TYPE_CHECKING:
    from synthcore.calibration.compare import Calibration


@click.command(
    "calibrate",
    help="Compare a real exchange with the embedded one, field by field, and print what differs.\n\n"
    "`--env demo` needs keys of demo: it reads, and places, amends and cancels a few small orders far from"
    " the market. --attach takes the ready file of a running exchange instead. Exit code 0 without"
    " differences, else 1.",
)
@options.settings("environment", "attach")
@options.settings(*options.HOSTS)
@click.option(
    "--against",
    metavar="URL|FILE",
    help="Compare with this exchange, not with an embedded one started for it: a ready file, or a REST URL"
    " (then public calls only).",
)
@click.option("--fills", is_flag=True, help="Buy and sell the smallest quantity at the market, too.")
@click.option(
    "--record",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Keep the exchange's answers, one a line.",
)
@options.config_file
@options.json_lines("One object a difference, one a line.")
def command(
    config_path: Path | None,
    against: str | None,
    fills: bool,
    record: Path | None,
    as_json: bool,
    **flags: str | None,
) -> int:
    from synthcore.calibration.compare import calibrate
    from synthcore.settings.load import load_settings

    loaded = load_settings(flags, config_file=config_path)
    theirs = their_peer(loaded)
    with recorded_to(record) as file, named(loaded), our_peer(loaded.environment.name, against) as ours:
        outcome = asyncio.run(calibrate(ours, theirs, fills))
        write_answers(file, outcome.recorded)
    show(outcome, as_json)
    return 1 if outcome.found else 0


@contextlib.contextmanager
def recorded_to(path: Path | None) -> Iterator[IO[str] | None]:
    """Open the file for the answers before anything is asked; only its owner may read it."""
    from synthcore.errors import ConfigError

    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise ConfigError(
            f"--record must name a file that can be written, {path} can't ({error.strerror});"
            " name one in a folder that exists"
        ) from error
    with open(descriptor, "w", encoding="utf-8") as file:
        yield file


def write_answers(file: IO[str] | None, recorded: dict[str, list[Any]]) -> None:
    """Write every answer on a line of its own."""
    if file is None:
        return
    for call, answers in recorded.items():
        for answer in answers:
            file.write(json.dumps({"call": call, "answer": answer}, ensure_ascii=False) + "\n")


def show(outcome: Calibration, as_json: bool) -> None:
    """Print the differences."""
    from synthcore.calibration.table import markdown

    if not as_json:
        click.echo(markdown(outcome.found, outcome.calls))
        return
    for row in outcome.found:
        facts = {name: getattr(row, name) for name in row.__struct_fields__}
        click.echo(json.dumps(facts, ensure_ascii=False))
