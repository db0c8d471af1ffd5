"""`synthtest calibrate`: where an exchange differs from the embedded one, field by field."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synthcli import options
from synthcli.venue import named

if TYPE_CHECKING:
    from synthcore.calibration.compare import Calibration, Peer
    from synthcore.settings.load import Settings


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
    with named(loaded), our_peer(loaded.environment.name, against) as ours:
        outcome = asyncio.run(calibrate(ours, theirs, fills))
    if record is not None:
        write_answers(record, outcome.recorded)
    show(outcome, as_json)
    return 1 if outcome.found else 0


def their_peer(loaded: Settings) -> Peer:
    """The exchange that is looked at: one that runs already, or the environment's with its keys."""
    from synthcore.calibration.compare import Peer
    from synthcore.environment import refuse_live, require_keys
    from synthcore.errors import ConfigError
    from synthcore.ready import read_ready_file

    attached = loaded.values["attach"].value
    if attached is not None:
        ready = read_ready_file(attached)
        return Peer(ready.environment(), ready.credentials())
    name = loaded.environment.name
    refuse_live(name)
    if name == "embedded":
        raise ConfigError(
            "calibrate compares another exchange with the embedded one, and none is named;"
            " use --env demo with BYBIT_DEMO_API_KEY and BYBIT_DEMO_API_SECRET set, or --attach FILE"
        )
    return Peer(loaded.environment, require_keys(name, loaded.keys.credentials))


@contextlib.contextmanager
def our_peer(environment: str, against: str | None) -> Iterator[Peer]:
    """The exchange to compare with: the named one, or an embedded one of the same flavour."""
    from synthcore.calibration.compare import Peer
    from synthcore.environment import Environment
    from synthcore.ready import read_ready_file

    if against is not None and "://" in against:
        yield Peer(Environment(name="embedded", rest_urls=(against,)), None)
    elif against is not None:
        ready = read_ready_file(Path(against))
        yield Peer(ready.environment(), ready.credentials())
    else:
        with embedded_like(environment) as peer:
            yield peer


@contextlib.contextmanager
def embedded_like(environment: str) -> Iterator[Peer]:
    """Start an exchange of the environment's flavour; demo's public stream is mainnet's."""
    from synthcore.calibration.compare import Peer
    from synthcore.environment import WORLDS, Credentials, Environment, World
    from synthcore.exchange.process import ExchangeProcess
    from synthcore.exchange.settings import ExchangeSettings
    from synthcore.secret import Secret

    flavour = WORLDS.get(environment, "mainnet")
    flavours: tuple[World, ...] = ("mainnet", "demo") if flavour == "demo" else (flavour,)
    with ExchangeProcess(ExchangeSettings(symbols=("BTCUSDT",), flavours=flavours)) as ready:
        own = ready.flavours[flavour]
        yield Peer(
            Environment(
                name="embedded",
                rest_urls=(own.rest,),
                ws_public_url=own.ws_public or ready.ws_public,
                ws_private_url=own.ws_private,
                ws_trade_url=own.ws_trade,
            ),
            Credentials(api_key=Secret(own.api_key), api_secret=Secret(own.api_secret)),
        )


def write_answers(path: Path, recorded: dict[str, list[Any]]) -> None:
    """Write every answer on a line of its own; only the owner may read what an account holds."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
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
