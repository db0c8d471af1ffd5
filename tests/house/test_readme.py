"""What the README promises is there: its commands, its links, its first screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from synthcli.cli import COMMANDS, cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("command", ["make run", "make test"])
def test_both_commands_are_on_the_first_screen_and_in_the_makefile(command: str) -> None:
    assert command in "\n".join(README.splitlines()[:30])
    assert re.search(rf"^{command.split()[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", re.findall(r"\]\(([^)#]+)\)", README))
def test_every_link_leads_somewhere(path: str) -> None:
    assert (ROOT / path).is_file()


def test_every_command_is_listed() -> None:
    for name in COMMANDS:
        assert f"`synthtest {name}" in README


@pytest.mark.parametrize("line", sorted(set(re.findall(r"`synthtest ([a-z][^`]*)`", README))))
def test_every_command_and_option_it_names_exists(line: str) -> None:
    words = [word for word in line.split() if not word.startswith("-")]
    options = [word for word in line.split() if word.startswith("--")]
    path = words[:2] if words[0] == "config" else words[:1]

    shown = CliRunner().invoke(cli, [*path, "--help"])

    assert shown.exit_code == 0, shown.output
    for option in options:
        assert option in shown.output


def test_no_placeholder_is_left() -> None:
    assert "@@" not in README
    assert "finished and flat (exit code 0)" in "\n".join(README.splitlines()[:30])
