"""`synthtest run`: the main job."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from synthcli import interrupts, options
from synthcli.venue import named
from synthcore.monitor.observer import RunObserver
from synthcore.settings.catalog import SETTINGS

if TYPE_CHECKING:
    from synthcore.settings.load import Settings

LAST_LINES_S = 2.0
LOOK_EVERY_S = 0.1  # whether somebody asked to stop once more


@click.command(
    "run",
    help="Trade synthetic opportunities on real sockets and measure every stage.\n\n"
    "Without keys it starts the embedded exchange by itself: no network is needed. It ends flat,"
    " also by Ctrl+C.\n\n"
    "Exit codes: 0 finished and flat; 1 failed and flat; 2 wrong use or configuration; 3 not flat or not"
    " known to be; 4 finished, criteria not met; 130 interrupted and flat.",
)
@options.settings(*(setting.name for setting in SETTINGS.values() if setting.flag))
@options.config_file
@options.json_lines("One object a line: start, status, trade, warning, summary.")
@click.pass_obj
def command(debug: bool | None, /, config_path: Path | None, as_json: bool, **flags: str | None) -> int:
    from synthcore.settings.load import load_settings

    loaded = load_settings(flags, config_file=config_path)
    settings = loaded.for_run(debug=bool(debug))
    from synthcore.engine import run

    observer, code = observer_for(as_json), 1
    try:
        announce(loaded, observer)
        with named(loaded):
            code = int(run(settings, observer, hold_signals=True, was_asked=interrupts.has_come).exit_code)
    finally:
        finish(observer, code)
    return code


def finish(observer: View, code: int) -> None:
    """Let the last lines out. Who asks to stop once more doesn't want to wait for a stuck reader."""
    asked: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: asked.append(number))
    closing = ThreadPoolExecutor(1).submit(observer.close)
    while not asked and not closing.done():
        wait([closing], LOOK_EVERY_S)
    wait([closing], LAST_LINES_S)
    if not closing.done():
        os._exit(code)  # an ordinary exit would wait for the same reader
    closing.result()


class View(RunObserver, Protocol):
    """An observer that has lines to finish."""

    def close(self) -> None: ...


def announce(loaded: Settings, observer: RunObserver) -> None:
    """Say what the run starts from, and warn of what can't work well."""
    from synthcore.feasibility import explain

    click.echo(profile_line(loaded), err=True)
    for warning in loaded.warnings:
        observer.on_warning(warning)
    answer = explain(loaded.config)
    if not answer.qualifies:
        observer.on_warning(answer.sentence)


def profile_line(loaded: Settings) -> str:
    """One line: the profile, what it comes to, and where the rest is."""
    config = loaded.config
    return (
        f"profile {loaded.profile} ({loaded.origins['profile']}): {config.synthetic_spread_bps:g} bps,"
        f" funding {config.synthetic_funding_delta:g}, {config.estimated_position_size:g} USDT a leg,"
        f" {config.max_concurrent_trades} trades at once; `synthtest config show` has every setting"
    )


def observer_for(as_json: bool) -> View:
    """JSON lines when asked for, a live view on a terminal, plain lines elsewhere."""
    if as_json:
        from synthcore.monitor.jsonl import JsonLines

        return JsonLines(sys.stdout)
    if sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM") not in (None, "", "dumb"):
        from synthcore.monitor.live import LiveView

        return LiveView()
    from synthcore.monitor.plain import PlainLines

    return PlainLines(sys.stdout, sys.stderr)
