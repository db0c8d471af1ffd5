"""Every end-to-end test has an empty place, and leaves no process in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_run import Place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    try:
        yield found
    finally:
        found.end_all()
