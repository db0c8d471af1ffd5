"""Every test of the command line starts in an empty folder without settings of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthcore.settings.catalog import SETTINGS
from synthcore.settings.keys import SECRET_VARIABLES

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = [name for setting in SETTINGS.values() for name in setting.variables]
    for name in (*settings, *SECRET_VARIABLES, "SYNTHTEST_CONFIG", "BYBIT_TESTNET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # processes started elsewhere find the same sources
    monkeypatch.chdir(tmp_path)
