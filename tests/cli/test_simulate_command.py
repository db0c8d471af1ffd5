"""`synthtest simulate`: faults of a file, and what is known when a person ends it in the middle."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from synthcli import interrupts
from synthcli.__main__ import run
from synthcli.cli import cli
from synthcore.simulation.ground import Ground
from synthcore.simulation.judge import Judge

PLAN = """
faults:
  - do: lose_answer
    when: reply path=/v5/order/create link=*-e0 code=0 probability=0.2 always
"""
ENDED = 5


def simulate(*args: str) -> Result:
    return CliRunner().invoke(cli, ["simulate", *args], catch_exceptions=False, standalone_mode=False)


@pytest.fixture
def press_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give what presses it, as a person does: by a signal."""
    before = [(number, signal.getsignal(number)) for number in interrupts.SIGNALS]
    interrupts.watch()
    yield lambda: signal.raise_signal(signal.SIGINT)
    for number, handler in before:
        signal.signal(number, handler)
    interrupts._came.clear()


def test_faults_of_a_file_strike_and_are_counted(tmp_path: Path) -> None:
    Path("faults.yaml").write_text(PLAN)

    done = simulate("--hours", "0.005", "--faults", "faults.yaml", "--json")

    summary = json.loads(done.stdout.splitlines()[-1])
    assert done.return_value == 0
    assert summary["faults"].keys() == {"lose_answer"}
    assert summary["violations"] == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("none.yaml", None, "must be none, storm or a file of faults, was none.yaml, which is no file"),
        (
            "wire.yaml",
            "faults: [{do: tcp_latency, ms: 5}]",
            "tcp_latency, which is of the wire",
        ),
    ],
)
def test_faults_that_can_not_be(
    capsys: pytest.CaptureFixture[str], name: str, text: str | None, words: str
) -> None:
    if text is not None:
        Path(name).write_text(text)

    code = run(["simulate", "--hours", "0.001", "--faults", name])

    assert code == 2
    assert words in capsys.readouterr().err


def test_ctrl_c_in_the_middle_prints_what_was_until_then(
    press_ctrl_c: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = Judge.on_ended

    def press_after_some(self: Judge, *args: Any) -> None:
        ended(self, *args)
        if self.trades == ENDED:
            press_ctrl_c()

    monkeypatch.setattr(Judge, "on_ended", press_after_some)

    done = simulate("--hours", "20", "--faults", "none", "--state", "state", "--json")

    summary = json.loads(done.stdout.splitlines()[-1])
    assert done.return_value == 130
    assert (summary["type"], summary["trades"], summary["violations"]) == ("summary", ENDED, [])
    assert 0 < summary["hours"] < 1
    listed = CliRunner().invoke(cli, ["trades", "--state", "state", "--json"])
    assert len(listed.stdout.splitlines()) >= ENDED


def test_ctrl_c_before_anything_is_there_prints_an_empty_summary(
    press_ctrl_c: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ground, "__init__", lambda *args: press_ctrl_c())

    done = simulate("--json")

    summary = json.loads(done.stdout.splitlines()[-1])
    assert done.return_value == 130
    assert (summary["trades"], summary["hours"], summary["faults"]) == (0, 0.0, {})
