"""Trades of a journal as a person reads them: a list, and one trade's time line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from synthcore.monitor.observer import Facts
from synthcore.monitor.text import plain_table
from synthcore.monitor.units import signed, time_text

PIPE_WIDTH = 1000  # nobody wraps a pipe
END_STYLES = {"CLOSED": "green", "UNRESOLVED": "red bold", "VENUE_GONE": "yellow", "FAILED_FLAT": "yellow"}
KIND_STYLES = {"action": "cyan", "order": "cyan", "fill": "green", "ack": "dim"}
MS = 1e6


def print_to(out: TextIO, what: RenderableType) -> None:
    """Print to a terminal in its width and colours, to anything else plainly and without wrapping."""
    if out.isatty():
        Console(file=out, highlight=False).print(what)
        return
    console = Console(file=out, width=PIPE_WIDTH, no_color=True, force_terminal=False, highlight=False)
    with console.capture() as captured:
        console.print(what)
    out.write("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


def trades_table(trades: Iterable[Facts]) -> Table:
    """One line a trade; the synthetic edge and the real cost side by side, never added."""
    table = plain_table()
    for heading in ("trade", "symbol", "begun (UTC)", "end", "reason"):
        table.add_column(heading, no_wrap=heading != "reason")
    for heading in ("synthetic", "real cost", "gap", "exposed"):
        table.add_column(heading, justify="right", no_wrap=True)
    for trade in trades:
        table.add_row(
            trade["trade"],
            trade["symbol"],
            moment(trade["begun_ns"]),
            end_text(trade["end"]),
            *figures(trade),
        )
    return table


def figures(trade: Facts) -> tuple[str, ...]:
    paper = trade["paper"]
    if paper is None:
        return ("", "–", "–", "–", "–")
    hedge = paper["hedge"]
    return (
        paper["reason"],
        signed(paper["synthetic_edge_usdt"], 4),
        signed(-paper["real_cost_usdt"], 4),
        time_text(hedge["gap_ns"]),
        time_text(hedge["exposed_ns"]),
    )


def end_text(end: str | None) -> Text:
    return Text("open", style="bold") if end is None else Text(end, style=END_STYLES.get(end, ""))


def moment(epoch_ns: int) -> str:
    """Write an epoch time, to the millisecond."""
    found = datetime.fromtimestamp(epoch_ns // 1_000_000_000, UTC)
    return f"{found:%Y-%m-%d %H:%M:%S}.{epoch_ns // 1_000_000 % 1000:03d}"


def story_table(lines: Iterable[Facts]) -> Table:
    """One line a moment, with how long it took where that is known."""
    table = plain_table()
    table.add_column("ms", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what")
    table.add_column("took", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, style="dim")
    for line in lines:
        kind, took_ns = line["kind"], line["took_ns"]
        table.add_row(
            f"{line['since_begun_ns'] / MS:,.3f}",
            kind,
            Text(line["words"], style=KIND_STYLES.get(kind, "")),
            "" if took_ns is None else time_text(took_ns),
            line["took"],
        )
    return table
