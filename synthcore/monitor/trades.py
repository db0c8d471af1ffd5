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
WIDE = 116
END_STYLES = {"CLOSED": "green", "UNRESOLVED": "red bold", "VENUE_GONE": "yellow", "FAILED_FLAT": "yellow"}
KIND_STYLES = {"action": "cyan", "order": "cyan", "fill": "green", "ack": "dim"}
MS = 1e6


def print_trades(out: TextIO, trades: Iterable[Facts]) -> None:
    """One line a trade, two where the terminal is narrow; edge and cost side by side, never added."""
    print_to(out, wide_table(trades) if width_of(out) >= WIDE else narrow_table(trades))


def print_story(out: TextIO, lines: Iterable[Facts]) -> None:
    """One line a moment, with how long it took where that is known."""
    print_to(out, story_table(lines))


def width_of(out: TextIO) -> int:
    return Console(file=out).width if out.isatty() else PIPE_WIDTH


def print_to(out: TextIO, what: RenderableType) -> None:
    """Print to a terminal in its width and colours, to anything else plainly and without wrapping."""
    if out.isatty():
        Console(file=out, highlight=False).print(what)
        return
    console = Console(file=out, width=PIPE_WIDTH, no_color=True, force_terminal=False, highlight=False)
    with console.capture() as captured:
        console.print(what)
    out.write("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


def wide_table(trades: Iterable[Facts]) -> Table:
    table = plain_table()
    for heading in ("trade", "symbol", "begun (UTC)", "end", "reason"):
        table.add_column(heading, no_wrap=heading != "reason")
    for heading in ("synthetic", "real cost", "gap", "exposed"):
        table.add_column(heading, justify="right", no_wrap=True)
    for trade in trades:
        reason, *numbers = figures(trade)
        table.add_row(
            trade["trade"],
            trade["symbol"],
            moment(trade["begun_ns"]),
            end_text(trade["end"]),
            reason,
            *numbers,
        )
    return table


def narrow_table(trades: Iterable[Facts]) -> Table:
    table = plain_table()
    for heading in ("trade\nsymbol", "begun (UTC)\nend, reason"):
        table.add_column(heading)
    for heading in ("synthetic\nreal cost", "gap\nexposed"):
        table.add_column(heading, justify="right", no_wrap=True)
    for trade in trades:
        reason, edge, cost, gap, exposed = figures(trade)
        end = end_text(trade["end"]).append(f" {reason}", style="not bold default")
        table.add_row(
            f"{trade['trade']}\n{trade['symbol']}",
            Text(f"{moment(trade['begun_ns'])}\n").append_text(end),
            f"{edge}\n{cost}",
            f"{gap}\n{exposed}",
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
    table = plain_table()
    table.add_column("ms", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what", overflow="fold")
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
