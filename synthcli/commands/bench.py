"""`synthtest bench`: the suite on this machine, ours beside its rivals and the machine's limits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from synthcore.bench.result import Report

INTERRUPTED = 130


@click.command(
    "bench",
    help="Measure the hot path on this machine beside its rivals, in about two minutes: medians of"
    " interleaved rounds, the machine's own limits, and what on it spoils the figures.\n\n"
    "`make rivals` builds the rivals in C, C++ and Rust first. Ctrl+C ends it with what was measured so far.",
)
@click.option(
    "--only", metavar="NAME", multiple=True, help="Only this question, or all of a family; repeatable."
)
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds: seconds, and figures to match.")
@click.option("--list", "as_list", is_flag=True, help="List the questions and measure nothing.")
@click.option(
    "--json", "json_path", metavar="FILE", help="Write the result as JSON; - writes it to stdout instead."
)
@click.option("--html", "html_path", metavar="FILE", help="Write a page with histograms that needs no other.")
@click.option("--markdown", is_flag=True, help="Print the rows as a table for a document.")
@click.option(
    "--rivals",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where the native rivals are; build/rivals if not given.",
)
@click.option(
    "--compare",
    metavar="A B",
    nargs=2,
    type=click.Path(path_type=Path),
    help="Compare two results of --json and measure nothing.",
)
def command(
    only: tuple[str, ...],
    quick: bool,
    as_list: bool,
    json_path: str | None,
    html_path: str | None,
    markdown: bool,
    rivals: Path | None,
    compare: tuple[Path, Path] | None,
) -> int:
    if compare is not None:
        return show_comparison(*compare)
    from synthcore.bench.suite import RIVALS, Suite, chosen, questions
    from synthcore.bench.table import listing
    from synthcore.monitor.progress import progress_bar

    asked = chosen(questions(found_folder(rivals) or RIVALS), only)
    if as_list:
        click.echo(listing(asked))
        return 0
    outputs = [writable(option, path) for option, path in (("--json", json_path), ("--html", html_path))]
    with progress_bar() as on_progress:
        suite = Suite(asked, quick, on_progress)
        try:
            suite.run()
        except KeyboardInterrupt:
            click.echo("synthtest: interrupted", err=True)
    report = suite.report()
    write(report, *outputs)
    show(report, as_json=json_path == "-", markdown=markdown)
    return 0 if report.complete else INTERRUPTED


def found_folder(rivals: Path | None) -> Path | None:
    """The folder that was asked for must be there; the usual one need not."""
    from synthcore.errors import ConfigError

    if rivals is not None and not rivals.is_dir():
        raise ConfigError(
            f"--rivals must name the folder of the native rivals, {rivals} is none; `make rivals` builds them"
        )
    return rivals


def writable(option: str, name: str | None) -> Path | None:
    """A file that can be written, tried before minutes are spent; None for none, and for JSON on stdout."""
    from synthcore.errors import ConfigError

    if name is None or (option, name) == ("--json", "-"):
        return None
    path = Path(name)
    try:
        path.open("a").close()
    except OSError as error:
        raise ConfigError(
            f"{option} must name a file that can be written, {path} can't ({error.strerror});"
            " name one in a folder that exists"
        ) from error
    return path


def write(report: Report, json_path: Path | None, html_path: Path | None) -> None:
    """Write what was asked for."""
    from synthcore.bench.page import page
    from synthcore.bench.result import encoded

    if json_path is not None:
        json_path.write_bytes(encoded(report))
    if html_path is not None:
        html_path.write_text(page(report), encoding="utf-8")


def show(report: Report, as_json: bool, markdown: bool) -> None:
    """Print the report."""
    from synthcore.bench import table
    from synthcore.bench.result import encoded

    if as_json:
        click.echo(encoded(report), nl=False)
    else:
        click.echo(table.markdown(report) if markdown else table.text(report))


def show_comparison(before: Path, after: Path) -> int:
    """Print what changed between two results."""
    from synthcore.bench.compare import text
    from synthcore.bench.result import load

    click.echo(text(load(before), load(after)))
    return 0
