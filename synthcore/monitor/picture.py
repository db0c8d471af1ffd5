"""One picture of a run for a terminal, from plain facts."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from synthcore.monitor.bands import success_band
from synthcore.monitor.observer import Facts
from synthcore.monitor.stages import STAGES
from synthcore.monitor.summary import NO_LATENCY
from synthcore.monitor.text import STYLES, verdict
from synthcore.monitor.units import count_text, duration_text, memory_text, percent, signed, time_text

WIDE = 110  # columns from which two panels stand side by side
TALL_WIDE, TALL_NARROW = 30, 46  # lines that all panels need: with less, the lesser facts share lines
OPEN_SHOWN = 4
STALE_MS = 2000
END_STYLES = {
    "CLOSED": "green",
    "FLAT": "yellow",
    "REFUSED": "dim",
    "FAILED_FLAT": "yellow",
    "UNRESOLVED": "red bold",
}


class Picture(Struct, frozen=True):
    """What is drawn: the start's facts, the last snapshot, the last trades and warnings."""

    info: Facts
    snapshot: Facts
    trades: list[Facts]
    warnings: list[str]


def draw(picture: Picture, width: int, height: int | None = None) -> RenderableType:
    """Lay out one picture; side by side where the terminal is wide enough, denser where it is low."""
    info, snapshot = picture.info, picture.snapshot
    if height is not None and height < (TALL_WIDE if width >= WIDE else TALL_NARROW):
        return dense(picture, height)
    left = [titled("stages", stage_rows(snapshot)), titled("trades", trade_rows(snapshot, picture.trades))]
    right = [
        titled("market", market_rows(snapshot)),
        titled("funnel", funnel_rows(snapshot)),
        titled("risk and connection", state_rows(snapshot)),
    ]
    body: RenderableType = Group(*left, *right)
    if width >= WIDE:
        body = Table.grid(expand=True)
        body.add_column(ratio=8)
        body.add_column(ratio=5)
        body.add_row(Group(*left), Group(*right))
    return Group(heading(info, snapshot), body, *(warning_row(text) for text in picture.warnings))


def dense(picture: Picture, height: int) -> RenderableType:
    """Everything but the prices in 24 lines: a picture that is cropped leaves its rest on the terminal."""
    info, snapshot = picture.info, picture.snapshot
    above = [heading(info, snapshot), titled("stages", stage_rows(snapshot))]
    facts = [one_line("funnel", funnel_words(snapshot)), *state_lines(snapshot)]
    warnings = [warning_row(text) for text in picture.warnings[-1:]]
    used = 1 + len(STAGES) + 3 + len(facts) + len(warnings) + 1
    room = height - used - 3
    trades = [titled("trades", trade_rows(snapshot, picture.trades, room))] if room > 0 else []
    return Group(*above, *trades, *facts, *warnings)


def one_line(name: str, words: Text) -> Text:
    return Text.assemble((f"  {name:<12}", "dim"), words, no_wrap=True, overflow="ellipsis")


def funnel_words(snapshot: Facts) -> Text:
    """From updates to trades, then the reasons that took something."""
    funnel = snapshot.get("funnel", {})
    rejected = {reason: one["count"] for reason, one in funnel.get("rejected", {}).items()}
    steps = [f"{count_text(funnel.get(name, 0))} {name}" for name in ("updates", "qualified", "executed")]
    losses = [f"{count_text(n)} {name}" for name, n in (rejected | funnel.get("suppressed", {})).items() if n]
    words = Text(" → ".join(steps))
    if losses:
        words.append(f" − {', '.join(losses)}", style="dim")
    return words


def state_lines(snapshot: Facts) -> Iterator[Text]:
    """Connection and money, two lines."""
    facts = dict(state_facts(snapshot))
    gap = "  "
    yield one_line("connection", Text.assemble(facts["streams"], facts["counters"], gap, facts["memory"]))
    money = f"synthetic {facts['synthetic']}, real cost {facts['real cost']}"
    yield one_line("money", Text(money))


def titled(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, title_align="left", border_style="dim", padding=(0, 1))


def warning_row(text: str) -> Text:
    return Text(f"! {text}", style="yellow", no_wrap=True, overflow="ellipsis")


def heading(info: Facts, snapshot: Facts) -> RenderableType:
    """Say what runs where, how far it is, and how it goes."""
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(justify="right", no_wrap=True)
    line.add_column(ratio=1)
    line.add_column(no_wrap=True)
    what = " · ".join(str(info.get(name, "–")) for name in ("environment", "profile", "topology"))
    elapsed_s, limit_s = snapshot.get("elapsed_s", 0.0), info.get("duration_s")
    title = Text.assemble(("synthtest ", "bold"), what, "  ", success_words(snapshot))
    if limit_s:
        bar: RenderableType = ProgressBar(total=limit_s, completed=min(elapsed_s, limit_s))
        line.add_row(title, duration_text(elapsed_s), bar, duration_text(limit_s))
    else:
        line.add_row(title, duration_text(elapsed_s), Text("until Ctrl+C", style="dim"), "")
    return line


def success_words(snapshot: Facts) -> Text:
    rate = snapshot.get("success_rate")
    if rate is None:
        return Text("no trades yet", style="dim")
    return Text(
        f"success {percent(rate)} of {snapshot.get('trades', 0)}", style=STYLES[success_band(rate).tone]
    )


def stage_rows(snapshot: Facts) -> RenderableType:
    """One line a stage, coloured by its target."""
    table = grid("stage", *(f">{name}" for name in ("count", "p50", "p95", "p99", "max")), "target")
    latency = snapshot.get("latency_ns", {})
    for stage in STAGES:
        found = latency.get(stage.name, NO_LATENCY)
        times = [time_text(found.get(name)) for name in ("p50", "p95", "p99", "max")]
        mark = verdict(found.get("p99"), stage.target_ns)
        table.add_row(stage.name, count_text(found.get("count") or 0), *times, mark)
    return table


def trade_rows(snapshot: Facts, trades: list[Facts], room: int = 100) -> RenderableType:
    """List open trades, then the last that ended."""
    table = grid("trade", "symbol", "state", ">time", ">synthetic", ">cost", "why")
    ended = {trade.get("trade") for trade in trades}  # since the snapshot, perhaps
    opened = [trade for trade in snapshot.get("open_trades", ()) if trade.get("trade") not in ended]
    opened = opened[: min(OPEN_SHOWN, room)]
    for trade in opened:
        mark = trade.get("mark_bps")
        table.add_row(
            str(trade.get("trade", "")),
            str(trade.get("symbol", "")),
            Text(str(trade.get("state", "open")), style="cyan"),
            milliseconds(trade.get("age_ms")),
            "" if mark is None else f"{signed(mark, 1)} bps",
            "",
            "",
        )
    for trade in trades[: room - len(opened)]:
        end = str(trade.get("end", ""))
        table.add_row(
            str(trade.get("trade", "")),
            str(trade.get("symbol", "")),
            Text(end, style=END_STYLES.get(end, "")),
            milliseconds(trade.get("held_ms")),
            signed(trade.get("synthetic_edge_usdt") or 0.0, 3),
            signed(-(trade.get("real_cost_usdt") or 0.0), 3),
            Text(str(trade.get("reason") or ""), style="dim"),
        )
    return table if table.row_count else Text("none yet", style="dim")


def market_rows(snapshot: Facts) -> RenderableType:
    """The two-sided price of each symbol, and how old it is."""
    table = grid("symbol", ">bid", ">ask", ">age")
    for symbol, price in snapshot.get("prices", {}).items():
        age_ms = price.get("age_ms")
        style = "red" if age_ms is not None and age_ms > STALE_MS else ""
        bid, ask = (f"{price.get(side, 0.0):,.10g}" for side in ("bid", "ask"))
        table.add_row(symbol, bid, ask, Text(milliseconds(age_ms), style=style))
    return table if table.row_count else Text("waiting for the first quote", style="dim")


def funnel_rows(snapshot: Facts) -> RenderableType:
    """From updates to trades; only the reasons that took something."""
    funnel = snapshot.get("funnel", {})
    rejected = {reason: one["count"] for reason, one in funnel.get("rejected", {}).items()}
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    table.add_row("updates", count_text(funnel.get("updates", 0)))
    add_losses(table, rejected)
    table.add_row("qualified", count_text(funnel.get("qualified", 0)))
    add_losses(table, funnel.get("suppressed", {}))
    table.add_row(Text("executed", style="bold"), Text(count_text(funnel.get("executed", 0)), style="bold"))
    return table


def add_losses(table: Table, losses: Facts) -> None:
    for reason, count in losses.items():
        if count:
            table.add_row(Text(f"  − {reason}", style="dim"), Text(count_text(count), style="dim"))


def state_rows(snapshot: Facts) -> RenderableType:
    """Connection, budget, money, memory: one fact a line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column()
    for name, value in state_facts(snapshot):
        table.add_row(name, value)
    return table


def state_facts(snapshot: Facts) -> Iterator[tuple[str, str | Text]]:
    links = Text()
    for name, is_up in snapshot.get("connected", {}).items():
        links.append(f"{name} ")
        links.append("up  " if is_up else "DOWN  ", style="green" if is_up else "red bold")
    yield "streams", links
    reconnects, dropped = snapshot.get("reconnects", 0), snapshot.get("dropped", 0)
    yield "counters", Text(f"{reconnects} reconnects, {dropped} dropped", style="yellow" if dropped else "")
    yield "orders", budget_words(snapshot.get("rate_budget") or {})
    yield "synthetic", f"{signed(snapshot.get('synthetic_edge_usdt', 0.0))} USDT (not money)"
    yield "real cost", f"{signed(-snapshot.get('real_cost_usdt', 0.0))} USDT"
    yield "memory", memory_text(snapshot.get("rss_bytes", 0))


def budget_words(budget: Facts) -> str:
    capacity, free = budget.get("capacity"), budget.get("free")
    if capacity is None or free is None:
        return "no rate limit"
    return f"{free:g} of {capacity:g} free in this second"


def grid(*headings: str) -> Table:
    """A table without lines; a heading that starts with > is a column of figures."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0), expand=True)
    for name in headings:
        is_figure = name.startswith(">")
        table.add_column(name.removeprefix(">"), justify="right" if is_figure else "left", no_wrap=True)
    return table


def milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f} ms"
