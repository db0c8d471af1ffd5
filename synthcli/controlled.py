"""What the commands share that speak to a running process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from synthcore.engine.control_messages import Answer, Request


def asked(flags: Mapping[str, str | None], config_path: Path | None, request: Request) -> Answer:
    """Have the run of the state folder carry a request out."""
    from synthcore.engine.control_client import require_run
    from synthcore.settings.load import load_settings

    return require_run(load_settings(flags, config_file=config_path).values["state_dir"].value, request)


def finish(answer: Answer) -> int:
    """Print what came of it; return the exit code."""
    from synthcore.errors import ConfigError, Unresolved

    words = "; ".join(answer.lines)
    if not answer.ok:
        raise ConfigError(words)
    if not answer.flat:
        raise Unresolved(words)
    for line in answer.lines:
        click.echo(line)
    return 0
