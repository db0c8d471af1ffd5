"""A report as one HTML page that needs nothing else: tables, and a histogram for each latency."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10

from synthcore.bench.figure import value
from synthcore.bench.question import BINS_A_DECADE
from synthcore.bench.result import Report, Row, Series
from synthcore.bench.table import HEAD, cells, limit_cells, machine_lines, verdict

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 880, 96, 8, 20, 14
COLOURS = ("#1668b8", "#c2571a", "#2c8a4b", "#8a4fae", "#a3851a", "#b03060", "#3a8c96", "#666666", "#9c5b3b")

ROW_CLASSES = ("", "n", "", "n", "n", "", "")

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 1060px; padding: 0 1rem;
       color: #1d2329; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td, th { padding: .28rem .6rem; border-bottom: 1px solid #dfe4e8; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; }
.met { color: #1d7a3f; } .missed { color: #b3261e; font-weight: 600; } .quiet { color: #69737c; }
.warning { background: #fff4e0; border-left: 4px solid #d98a00; padding: .4rem .8rem; margin: .4rem 0; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: #4a545c; }
.key { display: flex; gap: .6rem; align-items: baseline; margin: .5rem 0 0; font-size: .92rem; }
.key i { width: .8rem; height: .8rem; border-radius: 2px; flex: none; align-self: center; }
"""


def page(report: Report) -> str:
    """The whole page."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8"/>',
            '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
            f"<title>synthtest bench, {escape(report.taken_at)}</title><style>{STYLE}</style></head><body>",
            "<h1>synthtest bench</h1>",
            *(f'<p class="quiet">{escape(line)}</p>' for line in machine_lines(report)),
            *(f'<p class="warning">{escape(warning)}</p>' for warning in report.warnings),
            f"<p><b>{escape(verdict(report))}.</b> Above 1 × ours is ahead; medians of rounds.</p>",
            "<h2>The machine's limits</h2>",
            table(("limit", "p50", "p99"), [limit_cells(limit) for limit in report.limits], 1),
            *charts([(limit.name, limit.p50, limit.p99, limit.bins) for limit in report.limits]),
            "<h2>Ours beside its rivals</h2>",
            row_table(report.rows),
            "<h2>Latencies</h2>",
            *question_charts(report.series),
            "</body></html>",
            "",
        ]
    )


# ── tables ────────────────────────────────────────────────────────────────────────────────────────────────


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], numbers_from: int) -> str:
    classes = ["n" if i >= numbers_from else "" for i in range(len(head))]
    lines = [table_line("td", row, classes) for row in rows]
    return "".join(["<table>", table_line("th", head, classes), *lines, "</table>"])


def table_line(tag: str, row: Sequence[str], classes: Sequence[str]) -> str:
    marked = (
        f'<{tag} class="{name}">{escape(cell)}</{tag}>' for cell, name in zip(row, classes, strict=True)
    )
    return "".join(["<tr>", *marked, "</tr>"])


def row_table(rows: list[Row]) -> str:
    lines = [table_line("td", cells(row), row_classes(row)) for row in rows]
    return "".join(["<table>", table_line("th", HEAD, ROW_CLASSES), *lines, "</table>"])


def row_classes(row: Row) -> tuple[str, ...]:
    """Colour only the last cell: whether the target was met."""
    return *ROW_CLASSES[:-1], {True: "met", False: "missed", None: "quiet"}[row.met]


# ── histograms ────────────────────────────────────────────────────────────────────────────────────────────

Chart = tuple[str, float, float, list[tuple[float, int]]]  # name, p50, p99, bins


def question_charts(every: list[Series]) -> list[str]:
    """The contenders of each question below each other, on one axis."""
    found: dict[str, list[Chart]] = {}
    for series in every:
        if series.bins:
            chart = series.contender, series.p50, series.p99 or series.p50, series.bins
            found.setdefault(series.question, []).append(chart)
    lines = []
    for question, contenders in found.items():
        lines += [f"<h3>{escape(question)}</h3>", *charts(contenders)]
    return lines


def charts(found: list[Chart]) -> list[str]:
    """Histograms on one log axis, the first on top."""
    lows = [low for _, _, _, bins in found for low, _ in bins]
    if not lows:
        return []
    first, last = floor(log10(min(lows))), ceil(log10(max(lows) * 1.12))
    lines = []
    for i, (name, p50, p99, bins) in enumerate(found):
        colour = COLOURS[i % len(COLOURS)]
        lines.append(
            f'<p class="key"><i style="background:{colour}"></i><b>{escape(name)}</b>'
            f" p50 {value(p50, 'ns')}, p99 {value(p99, 'ns')}, {sum(n for _, n in bins):,} measured</p>"
        )
        lines.append(histogram(bins, p50, p99, first, max(last, first + 1), colour))
    return lines


def histogram(
    bins: list[tuple[float, int]], p50: float, p99: float, first: int, last: int, colour: str
) -> str:
    """One histogram from 10^first to 10^last ns."""
    floor_y = HEIGHT - BOTTOM
    tallest = max(count for _, count in bins)
    width = (WIDTH - 2 * LEFT) / ((last - first) * BINS_A_DECADE)
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">']
    for decade in range(first, last + 1):
        at = x(10.0**decade, first, last)
        anchor = "start" if decade == first else "end" if decade == last else "middle"
        parts.append(f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{floor_y}" stroke="#e3e7ea"/>')
        parts.append(
            f'<text x="{at:.1f}" y="{HEIGHT - 5}" text-anchor="{anchor}">{value(10.0**decade, "ns")}</text>'
        )
    for low, count in bins:
        height = max(1.0, (floor_y - TOP) * count / tallest)
        parts.append(
            f'<rect x="{x(low, first, last):.1f}" y="{floor_y - height:.1f}"'
            f' width="{max(width - 0.6, 1):.1f}" height="{height:.1f}" fill="{colour}"/>'
        )
    for name, at, side in (("p50", x(p50, first, last), "end"), ("p99", x(p99, first, last), "start")):
        parts.append(f'<line x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{floor_y}" stroke="#1d2329"/>')
        parts.append(f'<text x="{at:.1f}" y="{TOP - 3}" text-anchor="{side}">{name}</text>')
    return "".join([*parts, f'<path d="M{LEFT} {floor_y}H{WIDTH - LEFT}" stroke="#9aa3aa"/></svg>'])


def x(ns: float, first: int, last: int) -> float:
    """Where a time is on the axis."""
    return LEFT + (WIDTH - 2 * LEFT) * (log10(max(ns, 10.0**first)) - first) / (last - first)
