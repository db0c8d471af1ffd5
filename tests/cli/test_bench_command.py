"""`synthtest bench` as a user meets it: options, files, wrong use, Ctrl+C."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synthcli.__main__ import run
from synthcli.cli import cli
from synthcore.bench.question import Question
from synthcore.bench.suite import Suite


def bench(*args: str) -> Result:
    return CliRunner().invoke(cli, ["bench", *args], standalone_mode=False)


def test_json_goes_to_stdout_and_to_a_file_and_a_page_beside_it(tmp_path: Path) -> None:
    shown = bench("--quick", "--only", "record", "--json", "-", "--html", "page.html")

    assert shown.return_value == 0
    assert {row["name"] for row in json.loads(shown.stdout)["rows"]} == {"record"}
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")


def test_two_results_are_compared(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        assert bench("--quick", "--only", "record", "--json", name).return_value == 0

    shown = bench("--compare", "a.json", "b.json")

    assert shown.return_value == 0
    assert "histogram" in shown.stdout
    assert "within the noise" in shown.stdout


def test_the_questions_are_listed_without_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Suite, "run", lambda self: pytest.fail("measured"))

    shown = bench("--list", "--only", "parse")

    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["parse.ticker", "parse.orderbook.1"]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--only", "pars"], "--only must name a question"),
        (["--json", "no/such/folder/x.json"], "--json must name a file that can be written"),
        (["--html", "no/such/folder/x.html"], "--html must name a file that can be written"),
        (["--rivals", "nowhere"], "--rivals must name the folder"),
        (["--compare", "a.json", "b.json"], "a result must be a file that can be read"),
    ],
)
def test_wrong_use_is_one_sentence(
    args: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["bench", *args]) == 2

    said = capsys.readouterr().err
    assert said.startswith(f"synthtest: {sentence}")
    assert len(said.splitlines()) == 1


def test_an_interruption_shows_what_was_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Suite._answer

    def interrupted_at_the_second(self: Suite, question: Question) -> None:
        if question.name == "parse.orderbook.1":
            raise KeyboardInterrupt
        answer(self, question)

    monkeypatch.setattr(Suite, "_answer", interrupted_at_the_second)

    shown = bench("--quick", "--only", "parse")

    assert shown.return_value == 130
    assert "parse.ticker" in shown.stdout
    assert "parse.orderbook.1" not in shown.stdout
    assert "interrupted, so this is a part" in shown.stdout
