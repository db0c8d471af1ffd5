"""The summary as a person reads it: one screen, the judgement first."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from synthcore.monitor.bands import Band, latency_band, profit_band, success_band
from synthcore.monitor.observer import Facts
from synthcore.monitor.stages import MS, STAGES
from synthcore.monitor.units import MINUS, count_text, memory_text, percent, signed, time_text

STYLES = {"good": "green", "fair": "yellow", "bad": "red bold"}
PLAIN_WIDTH = 100
FLAT_ENDS = {
    0: "finished and flat",
    1: "failed and flat",
    4: "finished and flat, criteria not met",
    130: "interrupted and flat",
}


def summary_text(
    summary: Facts, *, network_rtt_ns: float | None = None, final: bool = True, width: int = PLAIN_WIDTH
) -> str:
    """Render the summary as plain text."""
    console = Console(file=io.StringIO(), width=width, no_color=True, force_terminal=False)
    console.print(render_summary(summary, network_rtt_ns=network_rtt_ns, final=final))
    written: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines()) + "\n"


def render_summary(
    summary: Facts, *, network_rtt_ns: float | None = None, final: bool = True
) -> RenderableType:
    """Lay out the whole summary: verdict, stages, funnel, money, process."""
    title = "summary" if final else "summary so far"
    where = f"{summary['environment']} · profile {summary['profile']} · seed {summary['seed']}"
    if summary["delays"]:
        where += f" · delays {summary['delays']}"
    return Group(
        Rule(Text(f"{title} · {where}", style="bold"), align="left", style="dim"),
        verdicts(summary, network_rtt_ns, final),
        Text(),
        stage_table(summary),
        Text(),
        funnel_table(summary),
        Text(),
        money_table(summary),
        Text(),
        process_table(summary),
    )


def verdicts(summary: Facts, network_rtt_ns: float | None, final: bool) -> RenderableType:
    """Say how it went: success, latency, drops, flat."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", min_width=8)
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_row("Success", *success_cells(summary))
    table.add_row("Latency", *latency_cells(summary, network_rtt_ns))
    table.add_row("Drops", *drop_cells(summary))
    if summary["faults"] is not None:
        table.add_row("Faults", *fault_cells(summary["faults"]))
    if final:
        table.add_row("End", *end_cells(summary))
    return table


def success_cells(summary: Facts) -> tuple[RenderableType, str]:
    rate, interval = summary["success_rate"], summary["success_interval_95"]
    if rate is None or interval is None:
        return Text("no trades", style="dim"), ""
    finished = summary["successful"] + summary["failed"]
    low, high = interval
    figures = f"{percent(rate)}, {count_text(summary['successful'])} of {count_text(finished)} trades"
    return band_text(success_band(rate)), f"{figures} (95 %: {bare(low)} to {percent(high)})"


def latency_cells(summary: Facts, network_rtt_ns: float | None) -> tuple[RenderableType, str]:
    p99_ns = summary["latency_ns"]["end_to_end"]["p99"]
    if p99_ns is None:
        return Text("no orders", style="dim"), ""
    figures = f"end_to_end p99 {time_text(p99_ns)}"
    if network_rtt_ns:
        figures += f", of it network {time_text(network_rtt_ns)}"
    return band_text(latency_band(p99_ns, network_rtt_ns or 0.0)), figures


def drop_cells(summary: Facts) -> tuple[RenderableType, str]:
    dropped = summary["dropped"]
    word = (
        Text(f"{count_text(dropped)} dropped", style="red bold") if dropped else Text("none", style="green")
    )
    return word, f"of {count_text(summary['updates'])} updates"


def fault_cells(faults: dict[str, int]) -> tuple[RenderableType, str]:
    """What went wrong on purpose."""
    kinds = ", ".join(f"{name} {count_text(count)}" for name, count in sorted(faults.items()))
    return Text(f"{count_text(sum(faults.values()))} struck" if faults else "none struck"), kinds


def end_cells(summary: Facts) -> tuple[RenderableType, str]:
    code = summary["exit_code"]
    if summary["flat"]:
        return Text("flat, proven", style="green"), f"{FLAT_ENDS.get(code, 'flat')} (exit code {code})"
    return Text("NOT FLAT", style="red bold"), f"or not known to be: look at the exchange (exit code {code})"


def bare(rate: float) -> str:
    """Write a percentage without its sign, as the first of two."""
    return percent(rate).removesuffix(" %")


def band_text(band: Band) -> Text:
    return Text(f"{band.name}: {band.advice}", style=STYLES[band.tone])


def stage_table(summary: Facts) -> Table:
    """One line a stage, its p99 held against the target; a time between two clocks with its error."""
    table = plain_table()
    table.add_column("stage", no_wrap=True)
    for heading in ("count", "p50", "p95", "p99", "p99.9", "max"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("target", no_wrap=True)
    for stage in STAGES:
        found = summary["latency_ns"][stage.name]
        # No space before the unit: the table fits 80 columns.
        times = [time_text(found[name]).replace(" ", "") for name in ("p50", "p95", "p99", "p999", "max")]
        held = verdict(found["p99"], stage.target_ns)
        if stage.name == "exchange_lag" and summary["clock_error_ns"] is not None:
            held = Text(f"± {time_text(summary['clock_error_ns'])}", style="dim")
        table.add_row(stage.name, count_text(found["count"]), *times, held)
    return table


def verdict(p99_ns: int | None, target_ns: int | None) -> Text:
    """Say whether a p99 reached its target."""
    if target_ns is None:
        return Text("–", style="dim")
    target = f"< {target_ns / MS:g} ms"
    if p99_ns is None:
        return Text(f"  {target}", style="dim")
    return Text(f"✓ {target}", style="green") if p99_ns < target_ns else Text(f"✗ {target}", style="red bold")


def funnel_table(summary: Facts) -> Table:
    """From every update to what was executed, with what was lost at each step."""
    table = plain_table()
    table.add_column("funnel", min_width=17)
    table.add_column("count", justify="right", min_width=8)
    table.add_column("median margin", justify="right")
    for row in funnel_rows(summary["funnel"]):
        table.add_row(*row)
    return table


def funnel_rows(funnel: Facts) -> Iterator[tuple[RenderableType, str, str]]:
    yield Text("updates", style="bold"), count_text(funnel["updates"]), ""
    for reason, one in funnel["rejected"].items():
        margin = one["median_margin"]
        yield (
            lost(reason, one["count"]),
            count_text(one["count"]),
            "" if margin is None else f"{margin:.6g}".replace("-", MINUS),
        )
    yield Text("qualified", style="bold"), count_text(funnel["qualified"]), ""
    for reason, count in funnel["suppressed"].items():
        yield lost(reason, count), count_text(count), ""
    yield Text("executed", style="bold"), count_text(funnel["executed"]), ""


def lost(reason: str, count: int) -> Text:
    return Text(f"  − {reason}", style="" if count else "dim")


def money_table(summary: Facts) -> Table:
    """Two numbers side by side that are never added: what was claimed, and what it cost."""
    table = facts_table()
    edge, cost = summary["synthetic_edge_usdt"], summary["real_cost_usdt"]
    band = profit_band(edge)
    table.add_row(
        "Synthetic edge",
        f"{signed(edge)} USDT",
        f"{band.name}: {band.advice}; earned on the synthetic mark, a claim and not money",
    )
    table.add_row("Real cost", f"{signed(-cost)} USDT", "fills, spread crossed, fees, funding")
    return table


def process_table(summary: Facts) -> Table:
    """How the process ran."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", min_width=14)
    table.add_column()
    cores = ", ".join(
        f"{name} {'not pinned' if core is None else f'on core {core}'}"
        for name, core in summary["pinned"].items()
    )
    held = "held off" if summary["idle_states_held"] else "not held off"
    table.add_row("Memory", f"{memory_text(summary['rss_bytes'])} resident at most")
    table.add_row("Threads", f"topology {summary['topology']}; {cores}; idle states {held}")
    blind = f", blind for {summary['blind_ms']:,.0f} ms" if summary["blind_ms"] else ""
    table.add_row("Connection", f"{count_text(summary['reconnects'])} reconnects{blind}")
    for title, name in (("Events", "counters"), ("Failed for", "failures")):
        counted = [f"{count_text(count)} {reason}" for reason, count in summary[name].items() if count]
        if counted:
            table.add_row(title, ", ".join(counted))
    return table


def facts_table() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", min_width=14)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(style="dim")
    return table


def plain_table() -> Table:
    return Table(
        box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False, padding=(0, 0, 0, 1)
    )
