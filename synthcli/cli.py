"""`synthtest`: the table of commands and the options that all of them share."""

from __future__ import annotations

import os

import click

from synthcli.lazy import Entry, LazyGroup

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

COMMANDS = {
    "run": Entry("synthcli.commands.run", "trade synthetic opportunities and measure every stage"),
    "trades": Entry("synthcli.commands.trades", "list trades, or tell one in all its moments"),
    "stop": Entry("synthcli.commands.stop", "end a running run flat"),
    "close": Entry("synthcli.commands.close", "close one symbol's trades in a running run"),
    "flatten": Entry("synthcli.commands.flatten", "close everything of ours, with or without a running run"),
    "recover": Entry("synthcli.commands.recover", "show or carry out what a crash left to do"),
    "explain": Entry("synthcli.commands.explain", "say whether settings can ever qualify, and why not"),
    "simulate": Entry("synthcli.commands.simulate", "trade in virtual time under faults, and judge it"),
    "exchange": Entry("synthcli.commands.exchange", "serve the embedded exchange for any Bybit V5 client"),
    "record": Entry("synthcli.commands.record", "write a public feed into a recording"),
    "config": Entry("synthcli.commands.config", "show the effective settings and where each came from"),
    "calibrate": Entry("synthcli.commands.calibrate", "compare an exchange with ours, field by field"),
    "bench": Entry("synthcli.commands.bench", "measure the hot path beside its rivals on this machine"),
    "doctor": Entry("synthcli.commands.doctor", "check reach, clock, keys, position mode; say the fix"),
}


def print_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print what this is and how it was built, then leave."""
    if wanted and not ctx.resilient_parsing:
        from synthcli.version import version_lines

        click.echo("\n".join(version_lines()))
        ctx.exit()


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    context_settings=CONTEXT,
    help="Prove a low-latency crypto trading path before it touches money.",
    epilog="`synthtest run` needs nothing: no keys, no network. `synthtest COMMAND -h` explains a command.",
)
@click.option("--debug", is_flag=True, help="Show the trace of an error. May stand anywhere.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Show version, compiled core, Python and platform.",
)
@click.pass_context
def cli(ctx: click.Context, debug: bool) -> None:
    ctx.obj = debug
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        ctx.color = False
