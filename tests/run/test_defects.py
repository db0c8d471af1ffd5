"""A defect of ours in the middle of trades: the run ends flat all the same, and says that it failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from live_run import HELD_OPEN

from synthcore.engine import RunOutcome, run
from synthcore.monitor.observer import Facts
from synthcore.settings.load import load_settings
from synthcore.strategies.synthetic import SyntheticOpportunityGenerator


class Notes:
    """Keeps what it is told."""

    status_every_s = 0.1

    def __init__(self) -> None:
        self.trades: list[Facts] = []
        self.warnings: list[str] = []

    def on_start(self, info: Facts) -> None: ...

    def on_status(self, snapshot: Facts) -> None: ...

    def on_trade(self, trade: Facts) -> None:
        self.trades.append(trade)

    def on_warning(self, text: str) -> None:
        self.warnings.append(text)

    def on_summary(self, summary: Facts, final: bool) -> None: ...


class FailsWhileHolding(Notes):
    def on_status(self, snapshot: Facts) -> None:
        if [trade["state"] for trade in snapshot["open_trades"]] == ["active", "active"]:
            raise RuntimeError("the view gave way")


def run_with(notes: Notes, state: Path) -> RunOutcome:
    flags = {"symbols_to_trade": "BTCUSDT,ETHUSDT", "state_dir": str(state), "duration": "30s"}
    settings = load_settings(flags, environ=dict(HELD_OPEN), cwd=state).for_run()
    return run(settings, notes)


def assert_failed_flat(outcome: RunOutcome, notes: Notes, words: str) -> None:
    assert (outcome.exit_code, outcome.summary["flat"]) == (1, True)
    assert any(f"internal error ({words})" in warning for warning in notes.warnings)
    assert {trade["reason"] for trade in notes.trades} == {"shutdown"}
    assert {trade["end"] for trade in notes.trades} == {"CLOSED"}


def test_a_view_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    notes = FailsWhileHolding()

    outcome = run_with(notes, tmp_path)

    assert_failed_flat(outcome, notes, "RuntimeError: the view gave way")


def test_a_strategy_that_fails_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes, real = Notes(), SyntheticOpportunityGenerator.opportunity

    def fails_on_the_second_symbol(self: Any, symbol: str, *args: Any, **facts: Any) -> Any:
        if symbol == "ETHUSDT":
            raise ArithmeticError("no such number")
        return real(self, symbol, *args, **facts)

    monkeypatch.setattr(SyntheticOpportunityGenerator, "opportunity", fails_on_the_second_symbol)
    outcome = run_with(notes, tmp_path)

    assert (outcome.exit_code, outcome.summary["flat"]) == (1, True)
    assert any("internal error (ArithmeticError: no such number)" in text for text in notes.warnings)
    assert {trade["end"] for trade in notes.trades} <= {"CLOSED", "FAILED_FLAT", "FLAT"}
