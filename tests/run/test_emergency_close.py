"""A hedge that fails is unwound at once, whatever else is wrong; a campaign of `benchmarks/` times it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from emergency import CONDITIONS, ENTRIES, KINDS, Closed, Condition, Entry, Kind, exchange_settings, flat_now
from msgspec.structs import replace

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready

SLACK_NS = 5_000_000_000  # a busy machine is no defect; the ladder gives up after 10 s
NUMBERS = count()
REASONS: dict[Kind, set[str]] = {  # a refusal that goes unnoticed is a time-out later
    "refused": {"leg_refused"},
    "rejected": {"leg_refused"},
    "timed out": {"leg_timeout"},
    "partial": {"holding_time", "take_profit", "partial_fill", "leg_refused"},
}

CASES: list[tuple[Condition, Kind]] = [
    *(("plain", kind) for kind in KINDS),
    ("own window", "refused"),
    ("own window", "partial"),
    ("outside window", "refused"),
    ("stream down", "refused"),
    ("stream down", "timed out"),
]


@pytest.fixture(scope="module")
def exchange() -> Iterator[Ready]:
    """Limits as they are by default, and an account for each case: its windows are its own."""
    settings = replace(exchange_settings("own window"), accounts=len(CASES) * len(ENTRIES))
    with ExchangeProcess(settings) as ready:
        yield ready


@pytest.fixture
def ready(exchange: Ready) -> Ready:
    key = exchange.accounts[next(NUMBERS)]
    return replace(exchange, api_key=key.api_key, api_secret=key.api_secret)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize(("condition", "kind"), CASES)
async def test_a_hedge_that_fails_is_unwound_at_once(
    condition: Condition, kind: Kind, entry: Entry, ready: Ready, tmp_path: Path
) -> None:
    (case,) = await CONDITIONS[condition](ready, entry, kind, tmp_path / "journal.sqlite", 1)

    assert case.end == right_end(case)
    assert case.reason in REASONS[kind]
    assert 0 < case.took_ns < SLACK_NS
    assert flat_now(ready)


def right_end(case: Closed) -> str:
    """What is filled in part stays hedged, and is left later."""
    return "CLOSED" if case.kind == "partial" else "FAILED_FLAT"
