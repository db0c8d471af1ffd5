"""What a user types, what comes back: words, streams, exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from synthcli.__main__ import run
from synthcli.cli import COMMANDS
from synthcore.settings.catalog import SETTINGS

ROOT = Path(__file__).parents[2]
MARKER = "marker-3f9c"


class Answer:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Run the command line in this process, through its one door for errors."""

    def run_it(*args: str, debug: bool = False) -> Answer:
        code = run(list(args), debug)
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return run_it


def test_output_that_finds_no_room_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "synthcli", "config", "show"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr == (
        "synthtest: the output must be written in full, it wasn't (No space left on device);"
        " free some space\n"
    )


def synthtest(*args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run it as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "synthcli", *args],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


# ── help and version ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_has_help(call, name: str, flag: str) -> None:  # type: ignore[no-untyped-def]
    answer = call(name, flag)

    assert answer.code == 0
    assert answer.out.startswith(f"Usage: synthtest {name} ")
    assert answer.err == ""


def test_the_help_names_every_command_and_imports_none() -> None:
    code = (
        "import sys\n"
        "from synthcli.__main__ import run\n"
        "run(['--help'])\n"
        "heavy = [name for name in sys.modules if name.startswith(('synthcore', 'synthcli.commands', 'rich',"
        " 'httpx', 'picows', 'numpy', 'asyncio'))]\n"
        "print('heavy:', heavy)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    assert "heavy: []" in done.stdout
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", done.stdout, re.MULTILINE)


def test_without_a_command_the_help_comes_with_exit_2(call) -> None:  # type: ignore[no-untyped-def]
    answer = call()

    assert answer.code == 2
    assert answer.err.startswith("Usage: synthtest ")
    assert answer.out == ""


def test_the_version_names_core_compiler_python_and_platform(call) -> None:  # type: ignore[no-untyped-def]
    answer = call("--version")

    assert answer.code == 0
    assert re.search(r"^core +compiled by (GCC|clang) [\d.]+$", answer.out, re.MULTILINE)
    assert f"Python    {sys.version.split()[0]}" in answer.out
    assert "Linux" in answer.out


# ── the door for errors ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["rnu"], "there is no command 'rnu'; did you mean run?; see `synthtest --help`"),
        (["run", "--spraed", "5"], "No such option '--spraed'"),
        (["run", "BTCUSDT"], "unexpected extra argument"),
        (["run", "--spread"], "requires an argument"),
        (["config"], "Usage: synthtest config"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_2(call, args: list[str], said: str) -> None:  # type: ignore[no-untyped-def]
    answer = call(*args)

    assert answer.code == 2
    assert said in answer.err
    assert answer.out == ""
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["--spread", "-5"],
            "synthetic_spread_bps must be a finite number above 0, was '-5' (flag --spread)",
        ),
        (
            ["--spread", "nan"],
            "synthetic_spread_bps must be a finite number above 0, was 'nan' (flag --spread)",
        ),
        (
            ["--spread", "wide"],
            "synthetic_spread_bps must be a finite number above 0, was 'wide' (flag --spread)",
        ),
        (["--max-trades", "0"], "max_concurrent_trades must be a whole number from 1 to 50, was '0'"),
        (["--max-trades", "51"], "max_concurrent_trades must be a whole number from 1 to 50, was '51'"),
        (["--symbols", "BTCUSD"], "symbols_to_trade must be one or more linear USDT perpetuals"),
        (["--duration", "soon"], "duration must be a time above 0"),
        (["--topology", "fast"], "topology must be one of auto, inline, spin, park, was 'fast'"),
        (
            ["--recording", "none.jsonl"],
            "recording must name a file that can be read, none.jsonl isn't there",
        ),
        (["--attach", "none.json"], "attach must name a file that can be read, none.json isn't there"),
        (["--env", "demo"], "environment demo needs its own keys"),
        (["--env", "live"], "environment live is refused for now"),
        (["--config", "none.toml"], "the config file must be readable UTF-8 text"),
        (["--env", "mars"], "environment must be one of embedded, demo, testnet, live, was 'mars'"),
    ],
)
def test_bad_input_of_run_is_one_sentence_and_exit_2(call, args: list[str], said: str) -> None:  # type: ignore[no-untyped-def]
    answer = call("run", *args)

    assert answer.code == 2
    assert answer.err.startswith(f"synthtest: {said}")
    assert answer.err.count("\n") == 1
    assert answer.out == ""


@pytest.mark.parametrize("value", ["0", "-5", "nan", "wide", ""])
def test_a_spread_that_is_no_positive_number_is_refused(call, value: str) -> None:  # type: ignore[no-untyped-def]
    answer = call("run", "--spread", value)

    assert answer.code == 2
    shown = repr(value) if value else "empty"
    assert answer.err == (
        f"synthtest: synthetic_spread_bps must be a finite number above 0, was {shown} (flag --spread);"
        " give for example --spread 50\n"
    )


def test_an_unknown_key_of_a_config_file_is_refused(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "bot.yaml"
    file.write_text("synthetic_spread: 50\n")

    answer = call("run", "--config", str(file))

    assert answer.code == 2
    assert f"unknown setting 'synthetic_spread' ({file}:1, synthetic_spread)" in answer.err
    assert "did you mean 'synthetic_spread_bps'?" in answer.err


def test_a_dotenv_with_secrets_that_others_may_read_is_refused(call, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / ".env").write_text(f"BYBIT_DEMO_API_KEY={MARKER}\nBYBIT_DEMO_API_SECRET={MARKER}\n")
    (tmp_path / ".env").chmod(0o644)

    answer = call("run")

    assert answer.code == 2
    assert "chmod 600" in answer.err
    assert MARKER not in answer.err


def test_a_defect_of_ours_is_a_sentence_and_exit_1(call, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def break_down(*_: object, **__: object) -> None:
        raise RuntimeError("the floor gave way\nand more")

    monkeypatch.setattr("synthcore.settings.load.load_settings", break_down)

    plain, debugged = call("explain"), call("explain", debug=True)

    assert (plain.code, debugged.code) == (1, 1)
    assert (
        plain.err == "synthtest: internal error (RuntimeError: the floor gave way); --debug shows the trace\n"
    )
    assert "Traceback" in debugged.err


@pytest.mark.parametrize("place", [0, 1, 3])
def test_debug_may_stand_anywhere(place: int) -> None:
    args = ["explain", "--spread", "0"]
    args.insert(place, "--debug")

    done = synthtest(*args)

    assert done.returncode == 2
    assert "Traceback" in done.stderr


def test_an_interrupt_is_exit_130(call, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("synthcore.settings.load.load_settings", interrupt)

    assert call("explain").code == 130


def test_a_reader_that_leaves_brings_no_trace() -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(
        [sys.executable, "-m", "synthcli", "config", "show"],
        cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(writing)

    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


# ── explain ───────────────────────────────────────────────────────────────────────────────────────────────


def test_explain_says_why_the_documented_profile_can_never_qualify(call) -> None:  # type: ignore[no-untyped-def]
    answer = call("explain", "--profile", "documented")

    assert answer.code == 0
    for words in (
        "with these settings no opportunity can ever qualify",
        "funding 0.0001 is not above 0.0001",
        "confidence 15 of 70",
        "profit −8.06 bps",
        "the nearest settings that can",
    ):
        assert words in answer.out


def test_explain_says_that_the_qualifying_profile_does(call) -> None:  # type: ignore[no-untyped-def]
    answer = call("explain")

    assert "every complete quote qualifies: confidence 72 of 70; profit 26.94 bps" in answer.out


def test_explain_in_json_is_one_document(call) -> None:  # type: ignore[no-untyped-def]
    answer = call("explain", "--profile", "documented", "--spread", "60", "--json")

    said = json.loads(answer.out)
    assert (said["schema_version"], said["profile"]) == (1, "documented")
    assert said["settings"]["spread_bps"] == 60.0
    assert not said["qualifies"]


# ── config show ───────────────────────────────────────────────────────────────────────────────────────────


def test_config_show_names_value_and_origin_of_every_setting(call, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("POSITION_SIZE", "250")

    answer = call("config", "show", "--spread", "61.5", "--json")

    rows = {row["setting"]: row for row in map(json.loads, answer.out.splitlines())}
    assert set(rows) >= set(SETTINGS)
    assert rows["synthetic_spread_bps"] == {
        "setting": "synthetic_spread_bps", "value": "61.5", "origin": "flag --spread",
    }  # fmt: skip
    assert rows["estimated_position_size"]["origin"] == "environment variable POSITION_SIZE"
    assert rows["synthetic_funding_delta"]["origin"] == "profile qualifying"
    assert rows["leg_timeout_ms"]["origin"] == "documented default"


@pytest.mark.parametrize(
    "args", [["config", "show"], ["config", "show", "--json"], ["explain"], ["run", "--spread", "x"]]
)
def test_no_output_holds_a_secret(tmp_path: Path, args: list[str]) -> None:
    keys = {
        name: f"{MARKER}-{name}"
        for name in (
            "BYBIT_DEMO_API_KEY", "BYBIT_DEMO_API_SECRET", "BYBIT_API_KEY", "BYBIT_API_SECRET",
            "BYBIT_TESTNET_API_KEY", "BYBIT_TESTNET_API_SECRET", "OKX_API_SECRET", "BITGET_API_KEY",
        )
    }  # fmt: skip

    for debug in ([], ["--debug"]):
        done = synthtest(*args, *debug, **keys)

        assert MARKER not in done.stdout + done.stderr
    if args[0] == "config":
        assert "BYBIT_DEMO_API_SECRET" in done.stdout
        assert "***" in done.stdout


def test_a_terminal_without_our_signs_loses_no_line_and_no_minus() -> None:
    done = synthtest("explain", "--profile", "documented", PYTHONIOENCODING="latin-1")

    assert done.returncode == 0
    assert "profit -8.06 bps" in done.stdout
