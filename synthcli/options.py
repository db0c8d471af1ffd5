"""Command options made from the catalog of settings, so that flag, rule and help exist once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from synthcore.settings.catalog import SETTINGS, Setting

C = TypeVar("C", bound=Callable[..., Any])

STRATEGY = (
    "synthetic_spread_bps",
    "synthetic_funding_delta",
    "estimated_position_size",
    "max_concurrent_trades",
)
HOSTS = ("api_url", "ws_public_url", "ws_private_url", "ws_trade_url")
ACCOUNT = ("environment", "symbols_to_trade", "attach", "journal", *HOSTS)  # which one, and what of it
SWITCHES = ("require_criteria",)


def settings(*names: str) -> Callable[[C], C]:
    """Add an option for each setting of the catalog."""
    return from_settings(*(SETTINGS[name] for name in names))


def from_settings(*chosen: Setting) -> Callable[[C], C]:
    """Add an option for each setting; the values arrive as text under the settings' names."""

    def decorate(command: C) -> C:
        for setting in reversed(chosen):
            command = option(setting)(command)
        return command

    return decorate


def option(setting: Setting) -> Callable[[C], C]:
    """Make the option of one setting: its rule is checked with the other sources', not by click."""
    flag = setting.flag or f"--{setting.name.replace('_', '-')}"
    if setting.name in SWITCHES:
        return click.option(
            flag, setting.name, is_flag=True, flag_value="true", default=None, help=help_of(setting)
        )
    return click.option(flag, setting.name, metavar=metavar(setting), help=help_of(setting))


def help_of(setting: Setting) -> str:
    """What it is, with an example."""
    about = setting.about[0].upper() + setting.about[1:]
    return f"{about}." if setting.name in SWITCHES else f"{about}; e.g. {setting.rule.example}."


def metavar(setting: Setting) -> str:
    """Name the value in the help: the choices, or the kind."""
    if setting.rule.text.startswith("one of "):
        return f"[{'|'.join(setting.rule.text.removeprefix('one of ').split(', '))}]"
    kinds = {"a finite": "NUMBER", "a whole": "N", "a path": "PATH", "a time": "TIME"}
    return next((word for start, word in kinds.items() if setting.rule.text.startswith(start)), "TEXT")


def config_file(command: C) -> C:
    """Add `--config FILE`."""
    return click.option(
        "--config",
        "config_path",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Settings in TOML or YAML; flags and environment win over it.",
    )(command)


def json_lines(text: str) -> Callable[[C], C]:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help=text)
