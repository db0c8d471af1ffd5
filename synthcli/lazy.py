"""A click group that imports a command only when it is called: `--help` stays quick."""

from __future__ import annotations

import difflib
from importlib import import_module
from typing import NamedTuple

import click


class Entry(NamedTuple):
    """A command before it is imported: where it is, and its line in `--help`."""

    module: str
    summary: str


class LazyGroup(click.Group):
    """A group whose commands are named in a table, in the order they are shown."""

    entries: dict[str, Entry]

    def __init__(self, *args: object, entries: dict[str, Entry] | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.entries = entries or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.entries:
            return None
        command: click.Command = import_module(self.entries[name].module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.entries:
            close = difflib.get_close_matches(name, self.entries, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known are {', '.join(self.entries)}"
            raise click.UsageError(f"there is no command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])
