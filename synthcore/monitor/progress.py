"""A progress bar on stderr, for work of known steps; nothing where stderr is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar; gives what moves it: what is done now, the steps done, the steps in all."""
    console = Console(stderr=True, highlight=False)
    bar = Progress(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        auto_refresh=False,  # its thread would be a neighbour of what is measured
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("")

        def move(what: str, done: int, steps: int) -> None:
            bar.update(task, description=what, completed=done, total=steps, refresh=True)

        yield move
