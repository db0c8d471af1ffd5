"""picows is cimported: its struct layout is our ABI, so one version must be built with and run."""

from __future__ import annotations

import tomllib
from importlib.metadata import version
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())


def test_picows_is_pinned_exactly_and_alike_for_building_and_running() -> None:
    wanted = [
        requirement
        for requirement in (*PROJECT["build-system"]["requires"], *PROJECT["project"]["dependencies"])
        if requirement.startswith("picows")
    ]

    assert wanted == [f"picows=={version('picows')}"] * 2
