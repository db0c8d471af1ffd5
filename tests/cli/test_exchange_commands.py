"""The commands that start or look at an exchange, against a real one."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from synthcli.__main__ import run
from synthcli.cli import cli
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings


@pytest.fixture
def one_way(tmp_path: Path) -> Iterator[Path]:
    """The ready file of an exchange in one-way mode."""
    path = tmp_path / "ready.json"
    settings = ExchangeSettings(market="steady", symbols=("BTCUSDT", "ETHUSDT"), ready_file=str(path))
    with ExchangeProcess(settings):
        yield path


def started(*args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "synthcli", "exchange", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_exchange_prints_one_ready_line_and_ends_cleanly(tmp_path: Path, number: int) -> None:
    path = tmp_path / "r.json"
    exchange = started("--ready-file", str(path), "--symbols", "BTCUSDT")
    assert exchange.stdout is not None

    line = exchange.stdout.readline()
    in_file, mode = path.read_text(), path.stat().st_mode & 0o777
    exchange.send_signal(number)
    rest, errors = exchange.communicate(timeout=20)

    assert set(json.loads(line)) >= {"rest", "ws_public", "ws_private", "api_key", "api_secret"}
    assert (in_file, mode) == (line, 0o600)
    assert (exchange.returncode, rest, errors) == (0, "", "")
    assert not path.exists()


def test_a_port_that_is_taken_is_one_sentence_and_exit_2(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        exchange = started("--rest-port", str(port))
        _, errors = exchange.communicate(timeout=30)

    assert exchange.returncode == 2
    assert f"127.0.0.1:{port}" in errors
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--rest-port", "65536"], "rest_port must be a whole number from 0 to 65535, was '65536'"),
        (["--ws-port", "-1"], "ws_port must be a whole number from 0 to 65535, was '-1'"),
        (["--balance", "0"], "balance must be a finite number above 0, was '0'"),
        (["--rate-tier", "30"], "rate_tier must be one of 10, 20, 60, off, was '30'"),
        (["--position-mode", "both"], "position_mode must be one of one-way, hedge, was 'both'"),
        (["--at-end", "rewind"], "at_end must be one of loop, stop, was 'rewind'"),
        (["--recording", "none.gz"], "recording must name a file that can be read, none.gz isn't there"),
        (
            ["--flavour", "demo"],
            "flavours must have mainnet where they have demo, which has no public stream",
        ),
        (["--symbols", "BTC/USDT"], "symbols must be one or more linear USDT perpetuals"),
    ],
)
def test_bad_flags_of_the_exchange(args: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    code = run(["exchange", *args])

    assert code == 2
    assert capfd.readouterr().err.startswith(f"synthtest: {said}")


def findings(capfd: pytest.CaptureFixture[str], *args: str) -> tuple[int, dict[str, dict[str, str]]]:
    code = run(["doctor", "--json", *args])
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    return code, {row["name"]: row for row in rows}


def test_the_doctor_names_one_way_mode_with_its_fix_and_the_fix_works(
    one_way: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    at = ("--attach", str(one_way), "--symbols", "BTCUSDT,ETHUSDT")

    before, found = findings(capfd, *at)
    fixing, fixed = findings(capfd, *at, "--fix", "position-mode")
    after, healthy = findings(capfd, *at)

    assert (before, fixing, after) == (1, 0, 0)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        assert found[f"mode {symbol}"]["grade"] == "wrong"
        assert found[f"mode {symbol}"]["fix"] == "synthtest doctor --fix position-mode"
        assert fixed[f"mode {symbol}"]["text"] == "switched to hedge mode"
        assert healthy[f"mode {symbol}"]["grade"] == "ok"
    for name in ("reach", "clock", "key", "private stream", "balance"):
        assert healthy[name]["grade"] == "ok"


@pytest.mark.parametrize(
    ("environ", "is_coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_the_doctor_is_coloured_unless_told_otherwise(
    environ: dict[str, str], is_coloured: bool, one_way: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    found = CliRunner().invoke(cli, ["doctor", "--attach", str(one_way)], env=environ, color=True)

    assert "WRONG" in found.output
    assert ("\x1b[" in found.output) == is_coloured


def test_the_doctor_says_that_a_key_is_wrong(one_way: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ready = json.loads(one_way.read_text())
    wrong = one_way.with_name("wrong.json")
    wrong.write_text(json.dumps({**ready, "api_secret": "marker-not-the-secret"}))

    code = run(["doctor", "--attach", str(wrong), "--symbols", "BTCUSDT"])

    said = capfd.readouterr()
    assert code == 1
    assert "WRONG    key" in said.out
    assert "fix: check the secret: it doesn't belong to this key" in said.out
    assert "marker" not in said.out + said.err


def test_the_doctor_says_that_nobody_answers(one_way: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ready = json.loads(one_way.read_text())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    gone = one_way.with_name("gone.json")
    gone.write_text(json.dumps({**ready, "rest": f"http://127.0.0.1:{port}"}))

    code, found = findings(capfd, "--attach", str(gone), "--symbols", "BTCUSDT")

    assert code == 1
    assert found["reach"]["grade"] == "wrong"
    assert found["reach"]["fix"] == "check the network, and BYBIT_API_URL"
    assert "key" not in found


@pytest.mark.parametrize("name", ["demo", "testnet"])
def test_the_doctor_looks_at_demo_and_testnet_through_overridden_urls(
    name: str, one_way: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = json.loads(one_way.read_text())
    monkeypatch.setenv(f"BYBIT_{name.upper()}_API_KEY", ready["api_key"])
    monkeypatch.setenv(f"BYBIT_{name.upper()}_API_SECRET", ready["api_secret"])
    monkeypatch.setenv("BYBIT_API_URL", ready["rest"])
    monkeypatch.setenv("BYBIT_WS_PRIVATE_URL", ready["ws_private"])
    monkeypatch.setenv("BYBIT_WS_PUBLIC_URL", ready["ws_public"])

    code, found = findings(capfd, "--env", name, "--symbols", "BTCUSDT", "--fix", "position-mode")

    assert code == 0
    assert found["reach"]["text"] == f"{ready['rest']} answers"
    assert found["key"]["text"] == "valid, from any address"
    assert found["private stream"]["grade"] == "ok"


def test_a_recording_is_never_overwritten(
    tmp_path: Path, one_way: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there.jsonl"
    there.write_text("mine\n")

    code = run(["record", "--output", str(there), "--attach", str(one_way), "--symbols", "BTCUSDT"])

    assert code == 2
    assert "never overwrites a file" in capfd.readouterr().err
    assert there.read_text() == "mine\n"


def test_recording_needs_a_name(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["record"]) == 2
    assert "--output must name a new file" in capfd.readouterr().err


def test_an_unknown_symbol_is_refused_by_name(
    tmp_path: Path, one_way: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = run(
        ["record", "--output", str(tmp_path / "a.gz"), "--attach", str(one_way), "--symbols", "NOPEUSDT"]
    )

    assert code == 2
    assert "that the exchange trades, was NOPEUSDT: check the spelling" in capfd.readouterr().err
