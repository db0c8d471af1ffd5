"""A report as text: the machine, its limits, what spoils it, and ours beside each rival."""

from __future__ import annotations

from synthcore.bench.figure import value
from synthcore.bench.question import Question
from synthcore.bench.result import Limit, Report, Row

HEAD = ("question", "ours", "rival", "its value", "ratio", "target", "")


def text(report: Report) -> str:
    """The whole report, for a terminal."""
    return "\n".join(
        [
            *machine_lines(report),
            "",
            *columns([("limit", "p50", "p99"), *(limit_cells(limit) for limit in report.limits)]),
            "",
            *columns([HEAD, *(cells(row) for row in report.rows)]),
            "",
            *(f"! {warning}" for warning in report.warnings),
            verdict(report),
        ]
    )


def machine_lines(report: Report) -> list[str]:
    """Where and with what."""
    machine = report.machine
    load = " ".join(f"{average:.2f}" for average in machine.load)
    return [
        f"{machine.cores} x {machine.processor}, Linux {machine.kernel}, load {load}",
        f"idle states: {machine.idle_states}; real-time scheduling: {machine.real_time};"
        f" {report.taken_at}, {report.took_s:.0f} s{', quick' if report.quick else ''}",
        ", ".join(f"{name} {version}" for name, version in machine.versions.items()),
    ]


def verdict(report: Report) -> str:
    met = sum(row.met is True for row in report.rows)
    missed = [row for row in report.rows if row.met is False]
    unknown = sum(row.met is None and row.target is not None for row in report.rows)
    said = f"{met} targets met, {len(missed)} missed, {unknown} not measured"
    return said if report.complete else f"{said}; interrupted, so this is a part"


def listing(every: list[Question]) -> str:
    """The questions, one a line."""
    return "\n".join(columns([(question.name, question.asks) for question in every]))


def limit_cells(limit: Limit) -> tuple[str, ...]:
    return limit.name, value(limit.p50, "ns"), value(limit.p99, "ns")


def cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        value(row.ours, row.unit),
        row.rival or "",
        value(row.rival_value, row.unit) if row.rival else "",
        "" if row.ratio is None else f"{row.ratio:.3g} ×",
        row.target or "",
        row.why or {True: "met", False: "MISSED", None: ""}[row.met],
    )


def columns(rows: list[tuple[str, ...]]) -> list[str]:
    """Lines with the cells below each other."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def markdown(report: Report) -> str:
    """The rows as the table of docs/performance.md."""
    lines = ["| " + " | ".join([*HEAD[:-1], "met"]) + " |", "|---|---:|---|---:|---:|---|---|"]
    for row in report.rows:
        said = row.why or {True: "yes", False: "**no**", None: ""}[row.met]
        lines.append("| " + " | ".join([*cells(row)[:-1], said]) + " |")
    return "\n".join(lines)
