"""A secret is in no output, no file, no command line: everything is searched for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_run import Done, LiveRun, Place, read_of

MARKER = "marker-4b7e"
LOUD = ("--debug", "--log-level", "debug")
SYMBOLS = ("--symbols", "BTCUSDT")


def marked_keys() -> dict[str, str]:
    """Every key there can be, each with the marker in it."""
    pairs = ("BYBIT_DEMO_API", "BYBIT_TESTNET_API", "BYBIT_API", "BITGET_API", "OKX_API")
    return {f"{pair}_{part}": f"{MARKER}-{pair}-{part}" for pair in pairs for part in ("KEY", "SECRET")}


def command_lines(place: Place) -> str:
    """Of every process that was started from here."""
    return "\n".join(read_of(pid, "cmdline").decode(errors="replace") for pid in place.processes())


def written(place: Place) -> str:
    """Everything in every folder that a process could write to."""
    folders = (place.cwd, place.home, place.temporary, place.state)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return "\n".join(f"{path}\n{path.read_bytes().decode(errors='replace')}" for path in files)


def assert_kept(secrets: list[str], *places: str) -> None:
    for text in places:
        for secret in secrets:
            assert secret not in text


def test_keys_that_are_set_show_up_nowhere(place: Place) -> None:
    run = place.start("run", *SYMBOLS, "--env", "embedded", "--json", *LOUD, environ=marked_keys())
    run.wait_for("trade")
    lines = command_lines(place)
    run.signal(2)
    done = run.finish()

    assert done.code == 130, done
    assert "synthcore.exchange" in lines  # the exchange's own command line is among them
    assert '"type":"trade"' in written(place)  # and the record among the files
    assert_kept([MARKER], done.out, done.err, written(place), lines)


class Watched:
    """An exchange of its own folder, whose key is the secret."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.file = place.state / "ready.json"
        self.process: LiveRun = place.start(
            "exchange", *SYMBOLS, "--position-mode", "hedge", "--ready-file", str(self.file)
        )
        self.ready = json.loads(next(self.process.each("out")))

    @property
    def secrets(self) -> list[str]:
        return [self.ready["api_key"], self.ready["api_secret"]]

    def environ(self, **changes: str) -> dict[str, str]:
        return {
            "BYBIT_DEMO_API_KEY": self.ready["api_key"],
            "BYBIT_DEMO_API_SECRET": self.ready["api_secret"],
            "BYBIT_API_URL": self.ready["rest"],
            "BYBIT_WS_PUBLIC_URL": self.ready["ws_public"],
            "BYBIT_WS_PRIVATE_URL": self.ready["ws_private"],
        } | changes


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    place = Place(tmp_path_factory.mktemp("watched"))
    try:
        yield Watched(place)
    finally:
        place.end_all()


def test_the_key_that_signs_orders_shows_up_nowhere(place: Place, watched: Watched) -> None:
    run = place.start("run", *SYMBOLS, "--env", "demo", "--json", *LOUD, environ=watched.environ())
    run.wait_for("trade")
    lines = command_lines(place) + read_of(watched.process.pid, "cmdline").decode()
    run.signal(2)
    done = run.finish()

    assert done.code == 130, done
    assert done.summary["successful"] > 0  # it did sign
    assert_kept(watched.secrets, done.out, done.err, written(place), lines)


@pytest.mark.parametrize(
    "changes",
    [
        {"BYBIT_DEMO_API_SECRET": f"{MARKER}-wrong"},
        {"BYBIT_DEMO_API_KEY": f"{MARKER}-wrong"},
        {"BYBIT_API_URL": "http://127.0.0.1:9"},
        {"BYBIT_WS_PRIVATE_URL": "ws://127.0.0.1:9/v5/private"},
        {"BYBIT_API_URL": f"http://user:{MARKER}@127.0.0.1:9"},
    ],
)
def test_trouble_at_the_start_shows_no_secret_not_even_its_trace(
    place: Place, watched: Watched, changes: dict[str, str]
) -> None:
    done = place.call("run", *SYMBOLS, "--env", "demo", *LOUD, environ=watched.environ(**changes))

    assert done.code == 2, done
    assert "Traceback" in done.err  # --debug was given
    assert_kept([MARKER, *watched.secrets], done.out, done.err, written(place))


@pytest.mark.parametrize(
    "args",
    [
        ("doctor", *SYMBOLS, "--env", "demo"),
        ("doctor", *SYMBOLS, "--env", "demo", "--json"),
        ("config", "show", "--env", "demo"),
        ("config", "show", "--env", "demo", "--json"),
        ("explain",),
        ("run", "--env", "demo", "--spread", "0"),
    ],
    ids=" ".join,
)
def test_no_other_command_shows_one(place: Place, watched: Watched, args: tuple[str, ...]) -> None:
    done = place.call(*args, "--debug", environ=watched.environ())

    assert done.out or done.err
    assert_kept(watched.secrets, done.out, done.err, written(place))


def test_a_recording_holds_no_secret(place: Place, watched: Watched) -> None:
    output = place.state / "market.jsonl"

    done: Done = place.call(
        "record", *SYMBOLS, "--output", str(output), "--duration", "1s", "--attach", str(watched.file)
    )

    assert done.code == 0, done
    assert_kept(watched.secrets, done.out, done.err, output.read_text())


def test_the_exchange_says_its_secret_in_the_ready_line_only(place: Place) -> None:
    file = place.state / "ready.json"
    exchange = place.start("exchange", *SYMBOLS, "--ready-file", str(file), *LOUD[:1])
    ready = json.loads(next(exchange.each("out")))
    secrets = [ready["api_key"], ready["api_secret"]]
    refused = place.call("run", *SYMBOLS, "--attach", str(file), *LOUD)  # one-way mode

    exchange.signal(15)
    done = exchange.finish()

    assert refused.code == 2
    assert done.code == 0, done
    assert_kept(secrets, refused.out, refused.err, done.err, written(place))
    assert done.out.count("\n") == 1 and ready["api_secret"] in done.out


def test_the_search_finds_what_is_there(place: Place) -> None:
    """The searches above would mean nothing if they could not fail."""
    Path(place.cwd, "leak.txt").write_text(MARKER)

    with pytest.raises(AssertionError):
        assert_kept([MARKER], written(place))
