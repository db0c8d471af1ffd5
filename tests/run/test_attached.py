"""A run on an exchange that somebody else started: through its ready file, or as demo and testnet."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from collections.abc import Iterator

import pytest
from live_run import Done, LiveRun, Place, is_alive

SYMBOLS = ("--symbols", "BTCUSDT")
SHORT = (*SYMBOLS, "--duration", "1s", "--json")
Ready = dict[str, str]


class Served:
    """An exchange of the command line, with its ready file."""

    def __init__(self, place: Place, *args: str) -> None:
        self.place = place
        self.file = place.state / "ready.json"
        self.process: LiveRun = place.start("exchange", *SYMBOLS, "--ready-file", str(self.file), *args)
        self.line = next(self.process.each("out"))
        self.ready: Ready = json.loads(self.line)

    def changed(self, **changes: str) -> str:
        """Another ready file, wrong in some respect."""
        path = self.place.state / "changed.json"
        path.write_text(json.dumps(self.ready | changes))
        return str(path)

    def as_world(self, name: str, **changes: str) -> dict[str, str]:
        """The environment variables that make this exchange Bybit's demo or testnet."""
        return {
            f"BYBIT_{name.upper()}_API_KEY": self.ready["api_key"],
            f"BYBIT_{name.upper()}_API_SECRET": self.ready["api_secret"],
            "BYBIT_API_URL": self.ready["rest"],
            "BYBIT_WS_PUBLIC_URL": self.ready["ws_public"],
            "BYBIT_WS_PRIVATE_URL": self.ready["ws_private"],
        } | changes

    def end(self) -> Done:
        self.process.signal(signal.SIGTERM)
        return self.process.finish()


@pytest.fixture(scope="module")
def hedge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One exchange in hedge mode for every test that leaves it as it was."""
    place = Place(tmp_path_factory.mktemp("served"))
    served = Served(place, "--position-mode", "hedge")
    try:
        yield served
    finally:
        place.end_all()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def test_a_fresh_exchange_refuses_until_the_doctor_switches_its_mode(place: Place) -> None:
    served = Served(place)
    attach = ("--attach", str(served.file))

    refused = place.call("run", *SYMBOLS, *attach)
    fixed = place.call("doctor", *SYMBOLS, *attach, "--fix", "position-mode")
    first, second = (place.call("run", *SHORT, *attach) for _ in range(2))
    is_up = is_alive(served.process.pid)
    ended = served.end()

    assert "position mode must be hedge" in refused.refusal
    assert "`synthtest doctor --fix position-mode" in refused.refusal
    assert fixed.code == 0, fixed
    for done in (first, second):
        assert (done.code, done.summary["flat"]) == (0, True), done
        assert done.summary["successful"] > 0
        assert done.objects("start")[0]["exchange"]["rest"] == served.ready["rest"]
    assert is_up  # it isn't the run's to end
    assert (ended.code, ended.err) == (0, "")


def test_the_ready_file_is_whole_private_and_gone_with_its_exchange(place: Place) -> None:
    served = Served(place)
    text, mode = served.file.read_text(), stat.S_IMODE(served.file.stat().st_mode)
    left_over = [path.name for path in served.file.parent.iterdir()]

    served.end()

    assert (text, mode) == (served.line, 0o600)
    assert left_over == ["ready.json"]  # it was written beside and moved
    assert not served.file.exists()


def test_an_attached_exchange_that_is_killed_leaves_named_legs(place: Place) -> None:
    served = Served(place, "--position-mode", "hedge")
    run = place.start(
        "run", *SYMBOLS, "--json", "--attach", str(served.file),
        environ={"SYNTHTEST_TAKE_PROFIT_BPS": "100000", "SYNTHTEST_MAX_HOLDING_MS": "3600000"},
    )  # fmt: skip
    run.wait_for_open()

    os.kill(served.process.pid, signal.SIGKILL)
    served.process.finish()
    run.signal(signal.SIGINT)
    done = run.finish()

    (warning,) = [one["text"] for one in done.objects("warning") if "known to be flat" in one["text"]]
    assert done.code == 3, done
    assert "BTCUSDT long leg" in warning and "BTCUSDT short leg" in warning


# ── what can't work ───────────────────────────────────────────────────────────────────────────────────────


def wrong(hedge: Served, **changes: str) -> tuple[str, ...]:
    return ("run", *SYMBOLS, "--attach", hedge.changed(**changes))


def test_a_wrong_port_names_the_file_and_the_address(place: Place, hedge: Served) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"

    said = place.call(*wrong(hedge, rest=nobody)).refusal

    assert hedge.changed() in said and nobody in said
    assert "synthtest doctor" in said


@pytest.mark.parametrize("stream", ["ws_private", "ws_public"])
def test_a_stream_that_is_not_there_is_named(place: Place, hedge: Served, stream: str) -> None:
    nobody = f"ws://127.0.0.1:{free_port()}/v5/private"

    said = place.call(*wrong(hedge, **{stream: nobody})).refusal

    assert nobody in said


@pytest.mark.parametrize("key", ["api_key", "api_secret"])
def test_a_wrong_key_is_refused_and_never_shown(place: Place, hedge: Served, key: str) -> None:
    marker = "marker-5d1e-not-this-one"

    done = place.call(*wrong(hedge, **{key: marker}))

    assert "must answer and take the key" in done.refusal
    for secret in (marker, hedge.ready["api_key"], hedge.ready["api_secret"]):
        assert secret not in done.err


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "no json", '{"rest": 5}', '{"rest": "http://127.0.0.1:1"}', "\x00\xff"]
)
def test_a_file_that_is_no_ready_file_is_refused(place: Place, text: str) -> None:
    file = place.state / "odd.json"
    file.write_text(text)

    said = place.call("run", *SYMBOLS, "--attach", str(file)).refusal

    assert said.startswith("attach must name the ready file of a running exchange")
    assert str(file) in said


# ── as demo and testnet ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["demo", "testnet"])
def test_each_world_trades_on_the_hosts_it_is_given(place: Place, hedge: Served, name: str) -> None:
    done = place.call("run", *SHORT, "--env", name, environ=hedge.as_world(name))

    (start,) = done.objects("start")
    assert done.code == 0, done
    assert (start["environment"], done.summary["environment"]) == (name, name)
    assert start["exchange"] == {key: hedge.ready[key] for key in ("rest", "ws_public", "ws_private")}
    assert done.summary["flat"] and done.summary["successful"] > 0
    assert place.processes() == []  # no exchange of its own was started


def test_flags_win_over_variables_and_demo_keys_choose_demo(place: Place, hedge: Served) -> None:
    environ = hedge.as_world("demo", BYBIT_API_URL="http://127.0.0.1:9")

    done = place.call("run", *SHORT, "--api-url", hedge.ready["rest"], environ=environ)

    assert done.code == 0, done
    assert done.summary["environment"] == "demo"


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        (
            "demo",
            {"BYBIT_WS_PUBLIC_URL": "wss://stream-demo.bybit.com/v5/public/linear"},
            ["Bybit serves no public stream on its demo host", "use wss://stream.bybit.com/v5/public/linear"],
        ),
        (
            "demo",
            {"BYBIT_API_URL": "https://api.bybit.com"},
            ["demo keys are not valid on the live host", "environment variable BYBIT_API_URL", "--env live"],
        ),
        (
            "demo",
            {"BYBIT_WS_TRADE_URL": "wss://stream.bybit.com/v5/trade"},
            ["no order entry by socket on demo", "orders go by REST"],
        ),
        (
            "testnet",
            {"BYBIT_API_URL": "https://api-demo.bybit.com"},
            ["testnet keys are not valid on a demo host", "--env demo"],
        ),
        (
            "testnet",
            {"BYBIT_WS_PUBLIC_URL": "wss://stream.bybit.com/v5/public/linear"},
            ["wss://stream-testnet.bybit.com/v5/public/linear"],
        ),
        (
            "demo",
            {"BYBIT_WS_PUBLIC_URL": "wss://stream.bybit.com/v5/public/spot"},
            ["linear perpetuals"],
        ),
        (
            "demo",
            {"BYBIT_DEMO_API_SECRET": ""},
            ["BYBIT_DEMO_API_KEY must come with BYBIT_DEMO_API_SECRET"],
        ),
    ],
)  # fmt: skip
def test_what_a_world_doesnt_serve_is_refused_with_the_fix(
    place: Place, hedge: Served, name: str, changes: dict[str, str], words: list[str]
) -> None:
    said = place.call("run", *SYMBOLS, "--env", name, environ=hedge.as_world(name, **changes)).refusal

    for word in words:
        assert word in said


@pytest.mark.parametrize("name", ["demo", "testnet"])
def test_keys_of_another_world_are_not_taken(place: Place, hedge: Served, name: str) -> None:
    other = "testnet" if name == "demo" else "demo"

    said = place.call("run", *SYMBOLS, "--env", name, environ=hedge.as_world(other)).refusal

    assert f"BYBIT_{name.upper()}_API_KEY and BYBIT_{name.upper()}_API_SECRET are not set" in said
    assert f"belong to {other}" in said


def test_live_is_refused_with_the_reason(place: Place) -> None:
    keys = {"BYBIT_API_KEY": "live-key", "BYBIT_API_SECRET": "live-secret"}

    said = place.call("run", *SYMBOLS, "--env", "live", environ=keys).refusal

    assert "live is refused for now" in said
    assert "sign-off" in said and "--env demo" in said
