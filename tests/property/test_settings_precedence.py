"""Flag > environment > .env > file > stage > profile > default, for every subset of places that speak."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from synthcore.settings.load import load_settings

# Highest first; each place that speaks gives the size a value of its own.
SIZES = {"flag": 101.0, "variable": 102.0, ".env": 103.0, "file": 104.0, "stage": 10.0, "profile": 1000.0}
places = st.sets(st.sampled_from(["flag", "variable", ".env", "file", "stage"]))


@settings(max_examples=64, deadline=None)
@given(places, st.sampled_from([".toml", ".yaml"]), st.booleans())
def test_the_highest_place_that_speaks_wins(spoken: set[str], ending: str, by_alias: bool) -> None:
    name = "POSITION_SIZE" if by_alias else "ESTIMATED_POSITION_SIZE"
    with tempfile.TemporaryDirectory() as folder:
        cwd = Path(folder)
        file = cwd / f"settings{ending}"
        if "file" in spoken:
            separator = "=" if ending == ".toml" else ": "
            file.write_text(f"estimated_position_size{separator}{SIZES['file']}\n")
        if ".env" in spoken:
            (cwd / ".env").write_text(f"{name}={SIZES['.env']}\n")
        environ = {name: str(SIZES["variable"])} if "variable" in spoken else {}
        if "stage" in spoken:
            environ["ENVIRONMENT"] = "testing"
        flags = {"estimated_position_size": str(SIZES["flag"])} if "flag" in spoken else {}

        loaded = load_settings(flags, environ, cwd, file if "file" in spoken else None)

    winner = next((place for place in SIZES if place in spoken), "profile")
    assert loaded.config.estimated_position_size == SIZES[winner]
    assert loaded.origins["estimated_position_size"].kind == winner


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_no_text_makes_a_config_with_a_bad_number(text: str) -> None:
    from math import isfinite

    from synthcore.config import SyntheticConfig
    from synthcore.errors import ConfigError

    try:
        spread = SyntheticConfig.from_env({"SYNTHETIC_SPREAD_BPS": text}).synthetic_spread_bps
    except ConfigError as error:
        assert "SYNTHETIC_SPREAD_BPS" in str(error)
    else:
        assert isfinite(spread)
        assert spread > 0
