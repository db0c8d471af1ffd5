"""Every setting, command and option is in the documents, as the code has it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from synthcli.cli import COMMANDS, cli
from synthcore.config import SyntheticConfig
from synthcore.settings.catalog import SETTINGS, Setting
from synthcore.settings.keys import SECRET_VARIABLES
from synthcore.settings.load import written

DOCS = Path(__file__).parents[2] / "docs"
CONFIGURATION = (DOCS / "configuration.md").read_text()
CLI = (DOCS / "cli.md").read_text()


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_a_setting_is_documented_with_variable_rule_and_default(setting: Setting) -> None:
    (row,) = [line for line in CONFIGURATION.splitlines() if line.startswith(f"| `{setting.name}` |")]

    _, variables, flag, default, rule, about = (cell.strip() for cell in row.strip("| ").split(" | "))
    assert rule == setting.rule.text
    assert about == setting.about
    assert flag == (f"`{setting.flag}`" if setting.flag else "–")
    for name in setting.variables:
        assert f"`{name}`" in variables
    if setting.name in SyntheticConfig.__struct_fields__:
        value = getattr(SyntheticConfig(), setting.name)
        assert default == ("–" if value is None else f"`{written(value)}`")


@pytest.mark.parametrize("name", SECRET_VARIABLES)
def test_a_secret_is_documented(name: str) -> None:
    assert f"`{name}`" in CONFIGURATION


def commands() -> Iterator[tuple[str, click.Command]]:
    for name, entry in COMMANDS.items():
        command = import_module(entry.module).command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", one) for inner, one in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda value: str(value))
def test_a_command_is_documented_with_every_option(name: str, command: click.Command) -> None:
    section = CLI.split(f"## synthtest {name}\n")[1].split("\n## ")[0]

    for option in command.params:
        if isinstance(option, click.Argument):  # options over arguments, but for what a command is about
            assert f"| `{option.human_readable_name}` |" in section
            continue
        for flag in option.opts:
            assert f"`{flag}" in section, f"{name} {flag}"
        assert isinstance(option, click.Option)
        assert option.help, f"{name} {option.name} has no help"


def test_the_options_of_all_commands_are_documented() -> None:
    for option in cli.params:
        for flag in option.opts:
            assert f"`{flag}`" in CLI
