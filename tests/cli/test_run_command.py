"""`synthtest run` as a user starts it: what it prints, how it refuses, where it trades."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.monitor.summary import RunFigures, build_summary
from synthcore.recording import open_recording

MARKER = "marker-77b1"


@contextmanager
def exchange(**settings: Any) -> Iterator[Ready]:
    with ExchangeProcess(ExchangeSettings(market="steady", symbols=("BTCUSDT",), **settings)) as ready:
        yield ready


def synthtest(*args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "synthcli", *args],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def objects(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a run that didn't start."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    profile, sentence = done.stderr.splitlines()
    assert profile.startswith("profile qualifying")
    return sentence.removeprefix("synthtest: ")


def test_json_is_start_status_trade_and_one_last_summary_with_the_documented_keys() -> None:
    done = synthtest("run", "--symbols", "BTCUSDT", "--duration", "3", "--seed", "7", "--json")

    lines = objects(done)
    kinds = [line["type"] for line in lines]
    assert done.returncode == 0, done.stderr
    assert kinds[0] == "start"
    assert set(kinds) == {"start", "status", "trade", "summary"}
    assert kinds.index("summary") == len(kinds) - 1
    summary = lines[-1]
    assert set(summary) == {"schema_version", "type", *build_summary(RunFigures())}
    assert (summary["exit_code"], summary["flat"], summary["seed"]) == (0, True, 7)
    assert summary["profile"] == "qualifying"
    assert summary["trades"] == kinds.count("trade") > 0
    assert "profile qualifying (default of run): 50 bps" in done.stderr


def test_settings_that_can_never_qualify_are_warned_about_and_the_run_goes_on() -> None:
    done = synthtest("run", "--symbols", "BTCUSDT", "--duration", "1", "--profile", "documented", "--json")

    lines = objects(done)
    (warning,) = [line["text"] for line in lines if line["type"] == "warning"]
    assert warning.startswith(
        "with these settings no opportunity can ever qualify: funding 0.0001 is not above"
    )
    assert done.returncode == 0
    assert lines[-1]["trades"] == 0
    assert lines[-1]["updates"] > 0


def test_criteria_that_are_missed_are_exit_4() -> None:
    done = synthtest("run", "--symbols", "BTCUSDT", "--duration", "1", "--require-criteria", "--json")

    assert done.returncode == 4
    assert objects(done)[-1]["exit_code"] == 4


def test_piped_it_prints_plain_lines() -> None:
    done = synthtest("run", "--symbols", "BTCUSDT", "--duration", "2")

    assert done.stdout.startswith("started on embedded: BTCUSDT for 0:02")
    assert "finished and flat (exit code 0)" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["demo", "testnet"])
def test_demo_and_testnet_run_end_to_end_on_overridden_urls(name: str) -> None:
    with exchange(position_mode="hedge") as ready:
        done = synthtest(
            "run", "--symbols", "BTCUSDT", "--env", name, "--duration", "2", "--json",
            **{
                f"BYBIT_{name.upper()}_API_KEY": ready.api_key,
                f"BYBIT_{name.upper()}_API_SECRET": ready.api_secret,
                "BYBIT_API_URL": ready.rest,
                "BYBIT_WS_PUBLIC_URL": ready.ws_public,
                "BYBIT_WS_PRIVATE_URL": ready.ws_private,
            },
        )  # fmt: skip

    summary = objects(done)[-1]
    assert done.returncode == 0, done.stderr
    assert (summary["environment"], summary["flat"]) == (name, True)
    assert summary["successful"] > 0
    assert ready.api_secret not in done.stdout + done.stderr
    assert ready.api_key not in done.stdout + done.stderr


def attach_file(folder: Path, ready: Ready, **changed: str) -> str:
    path = folder / "ready.json"
    path.write_text(json.dumps({**json.loads(ready.line()), **changed}))
    return str(path)


def test_one_way_mode_is_refused_with_the_command_that_fixes_it(tmp_path: Path) -> None:
    with exchange() as ready:
        done = synthtest("run", "--symbols", "BTCUSDT", "--attach", attach_file(tmp_path, ready))

    assert "synthtest doctor --fix position-mode" in refusal(done)


def test_a_wrong_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    with exchange(position_mode="hedge") as ready:
        file = attach_file(tmp_path, ready, api_secret=MARKER)
        done = synthtest("run", "--symbols", "BTCUSDT", "--attach", file)

    assert refusal(done).startswith(f"the exchange of {file} (flag --attach) must answer and take the key")
    assert MARKER not in done.stderr


def test_an_exchange_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with exchange() as ready:
        file = attach_file(tmp_path, ready)
    done = synthtest("run", "--symbols", "BTCUSDT", "--attach", file)

    said = refusal(done)
    assert ready.rest in said
    assert "`synthtest doctor`" in said


def test_a_wrong_port_is_refused(tmp_path: Path) -> None:
    with exchange(position_mode="hedge") as ready:
        stream_port = ready.ws_public.replace("ws://", "http://").removesuffix("/v5/public/linear")
        file = attach_file(tmp_path, ready, rest=stream_port)
        done = synthtest("run", "--symbols", "BTCUSDT", "--attach", file)

    assert refusal(done).startswith(f"the exchange of {file} (flag --attach) must answer")


def test_an_unknown_symbol_is_refused_by_name(tmp_path: Path) -> None:
    with exchange(position_mode="hedge") as ready:
        done = synthtest("run", "--symbols", "NOPEUSDT", "--attach", attach_file(tmp_path, ready))

    said = refusal(done)
    assert "NOPEUSDT" in said
    assert "check the spelling" in said


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of our own generator, recorded by the command."""
    output = tmp_path_factory.mktemp("recorded") / "market.jsonl"
    done = synthtest("record", "--output", str(output), "--symbols", "BTCUSDT", "--duration", "3")
    assert done.returncode == 0, done.stderr
    assert str(output) in done.stdout
    return output


def test_a_recorded_feed_can_be_read(recording: Path) -> None:
    topics = {frame.topic for frame in open_recording(recording)}

    assert topics == {"tickers.BTCUSDT", "orderbook.1.BTCUSDT"}


def damage(kind: str, recording: Path) -> None:
    whole = recording.read_bytes()
    if kind == "foreign":
        recording.write_text("time,price\n1,2\n")
    elif kind == "truncated":
        recording.write_bytes(whole[: len(whole) // 2])
    else:
        recording.write_bytes(os.urandom(512))


@pytest.mark.parametrize("command", [["run"], ["exchange"]])
@pytest.mark.parametrize("kind", ["foreign", "truncated", "unreadable"])
def test_a_recording_that_is_none_is_refused_and_named(
    kind: str, command: list[str], recording: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(recording.read_bytes())
    damage(kind, bad)

    done = synthtest(*command, "--symbols", "BTCUSDT", "--recording", str(bad))

    assert done.returncode == 2
    assert done.stdout == ""
    assert str(bad) in done.stderr.splitlines()[-1]
    assert "recording" in done.stderr.splitlines()[-1]


def test_a_recording_is_traded_on(recording: Path) -> None:
    done = synthtest(
        "run", "--symbols", "BTCUSDT", "--duration", "2", "--recording", str(recording), "--json"
    )

    assert done.returncode == 0, done.stderr
    assert objects(done)[-1]["trades"] > 0


def test_no_output_of_a_run_holds_a_secret() -> None:
    keys = {
        f"BYBIT_{kind}API_{part}": f"{MARKER}-{kind}{part}"
        for kind in ("", "TESTNET_")
        for part in ("KEY", "SECRET")
    }

    done = synthtest(
        "run", "--symbols", "BTCUSDT", "--duration", "1", "--log-level", "debug", "--debug", "--json",
        ENABLE_DEBUG_LOGGING="true", **keys,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert MARKER not in done.stdout + done.stderr
