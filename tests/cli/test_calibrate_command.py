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

    assert "BYBIT_DEMO_API_KEY and BYBIT_DEMO_API_SECRET are not set" in str(
        called("--env", "demo").exception
    )
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


def test_files_that_can_not_be_are_said_before_anything_is_asked(tmp_path):
    ready = tmp_path / "ready.json"
    ready.write_text(
        '{"rest": "http://127.0.0.1:1", "ws_public": "", "ws_private": "", "api_key": "", "api_secret": ""}'
    )

    no_folder = called("--attach", str(ready), "--record", str(tmp_path / "no" / "file"))
    no_file = called("--attach", str(ready), "--against", str(tmp_path / "none.json"))

    assert "--record must name a file that can be written" in str(no_folder.exception)
    assert "--against must name the ready file" in str(no_file.exception)


def test_a_demo_that_does_not_take_the_key_is_said_without_its_secret(monkeypatch):
    with ExchangeProcess(ExchangeSettings(symbols=("BTCUSDT",), flavours=("mainnet", "demo"))) as ready:
        demo = ready.flavours["demo"]
        monkeypatch.setenv("BYBIT_DEMO_API_KEY", demo.api_key)
        monkeypatch.setenv("BYBIT_DEMO_API_SECRET", "another")
        hosts = (
            "--api-url",
            demo.rest,
            "--ws-public-url",
            ready.ws_public,
            "--ws-private-url",
            demo.ws_private,
        )

        outcome = called("--env", "demo", *hosts)

    assert f"{demo.rest} must take the key, it said: error sign!" in str(outcome.exception)
    assert demo.api_key not in str(outcome.exception)
