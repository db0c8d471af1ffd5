"""The ready line of an embedded exchange, and what a run makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synthcore.errors import ConfigError
from synthcore.ready import read_ready_file

LINE = {
    "rest": "http://127.0.0.1:1",
    "ws_public": "ws://127.0.0.1:2/v5/public/linear",
    "ws_private": "ws://127.0.0.1:3/v5/private",
    "api_key": "k",
    "api_secret": "marker-secret",
}


def test_a_ready_file_is_an_environment_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "ready.json"
    path.write_text(json.dumps({**LINE, "pid": 7}))

    ready = read_ready_file(path)

    assert ready.environment().name == "embedded"
    assert ready.environment().rest_urls == ("http://127.0.0.1:1",)
    assert ready.credentials().api_secret.reveal() == "marker-secret"
    assert "marker" not in f"{ready!r} {ready.credentials()!r}"


@pytest.mark.parametrize("text", ["", "{}", "[]", "not json", json.dumps({**LINE, "rest": 5})])
def test_what_is_no_ready_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ready.json"
    path.write_text(text)

    with pytest.raises(ConfigError) as caught:
        read_ready_file(path)

    assert str(caught.value) == (
        f"attach must name the ready file of a running exchange, {path} is not one;"
        f" start one with `synthtest exchange --ready-file {path}`"
    )


def test_a_ready_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="isn't there"):
        read_ready_file(tmp_path / "none.json")
