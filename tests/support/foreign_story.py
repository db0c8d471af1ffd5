"""Stories that a client in another program tells, against an exchange of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

FOLDER = Path(os.environ.get("SYNTHTEST_NODE", "."))  # of the npm packages
WITHIN_S = 60.0


def told(
    tmp_path: Path, command: Sequence[str], story: str, tls: bool = False, folder: Path | None = None
) -> Any:
    """What a story was told, by the last line that it printed; it is given the path of the ready line."""
    path = tmp_path / "ready.json"
    settings = ExchangeSettings(symbols=("BTCUSDT",), seed=7, speed=4.0, tls=tls, ready_file=str(path))
    with ExchangeProcess(settings) as ready:
        trusting = {"NODE_EXTRA_CA_CERTS": str(ready.ca_file)} if tls else {}
        done = subprocess.run(
            [*command, str(Path(__file__).with_name(story)), str(path)],
            cwd=folder,
            env={**os.environ, **trusting},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def told_by_node(tmp_path: Path, story: str, tls: bool) -> Any:
    """The same of a story in JavaScript."""
    return told(tmp_path, ["node"], story, tls, FOLDER)


def needs_node(package: str, *further: str) -> list[pytest.MarkDecorator]:
    """Marks of tests that need Node with these packages; the first one tells whether they are there."""
    many = "s" if further else ""
    named = " and ".join(f"`{name}`" for name in (package, *further))
    return [
        pytest.mark.skipif(shutil.which("node") is None, reason="no `node` on this machine"),
        pytest.mark.skipif(
            not (FOLDER / "node_modules" / package).is_dir(),
            reason=f"SYNTHTEST_NODE names no folder with the npm package{many} {named}",
        ),
    ]
