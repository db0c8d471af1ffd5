"""`synthtest calibrate`: what it needs, and what it prints."""

import json

from click.testing import CliRunner

from synthcli.cli import cli
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings


def called(*arguments):
    return CliRunner().invoke(cli, ["calibrate", *arguments], standalone_mode=False)


def test_it_says_what_it_needs_in_one_sentence(monkeypatch):
    for name in ("BYBIT_DEMO_API_KEY", "BYBIT_DEMO_API_SECRET"):
        monkeypatch.delenv(name, raising=False)

    assert "demo needs its own keys" in str(called("--env", "demo").exception)
    assert "none is named" in str(called("--env", "embedded").exception)
    assert "live is refused" in str(called("--env", "live").exception)


def test_public_calls_alone_need_no_key(tmp_path):
    own = ExchangeSettings(symbols=("BTCUSDT",), speed=4.0, ready_file=str(tmp_path / "ready.json"))
    with ExchangeProcess(own) as ready:
        outcome = called(
            "--attach",
            own.ready_file,
            "--against",
            ready.rest,
            "--json",
            "--record",
            str(tmp_path / "answers"),
        )

    answers = [json.loads(line) for line in (tmp_path / "answers").read_text().splitlines()]
    assert (outcome.return_value, outcome.stdout) == (0, "")
    assert all(row["call"].startswith("GET /v5/market/") for row in answers)
    assert len(answers) == 17
    assert ready.api_secret not in (tmp_path / "answers").read_text()
    assert (tmp_path / "answers").stat().st_mode & 0o777 == 0o600
