"""The commands that speak to a run: their words and exit codes, whatever listens or doesn't."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from synthcli.cli import cli
from synthcore.engine.control_client import ask
from synthcore.engine.control_messages import SOCKET, Answer, Request
from synthcore.engine.control_socket import control_socket
from synthcore.errors import ConfigError, Unresolved

ENDED = Answer(ok=True, exit_code=0)


def synthtest(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, [*args, "--state", "state"], catch_exceptions=False, standalone_mode=False)
    return done.return_value or 0, done.stdout


@contextmanager
def served(answer: Answer, folder: Path = Path("state")) -> Iterator[list[Request]]:
    """A run that gives this answer to everything; yields what it was asked."""
    asked: list[Request] = []
    loop, is_up, is_over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def perform(request: Request) -> Answer:
        asked.append(request)
        return answer

    async def serve() -> None:
        async with control_socket(folder, perform):
            is_up.set()
            await is_over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert is_up.wait(10)
    try:
        yield asked
    finally:
        loop.call_soon_threadsafe(is_over.set)
        thread.join()
        loop.close()


@pytest.mark.parametrize("words", [["stop"], ["close", "BTCUSDT", "--reason", "news"]])
def test_without_a_run_one_sentence_says_where_it_looked(words: list[str]) -> None:
    with pytest.raises(
        ConfigError, match=r"a run must be going on .* none is \(nobody listens on state/control"
    ):
        synthtest(*words)


@pytest.mark.parametrize("words", [["flatten"], ["recover"], ["recover", "--dry-run"]])
def test_recovery_wants_the_exchange_that_the_trades_are_on(words: list[str]) -> None:
    with pytest.raises(
        ConfigError, match="needs the exchange that the trades are on, none is named: give --att"
    ):
        synthtest(*words)


def test_stop_gives_the_run_s_own_exit_code() -> None:
    with served(ENDED) as asked:
        assert synthtest("stop") == (0, "the run ended: finished and flat (exit code 0)\n")
    assert asked == [Request("stop")]

    with served(Answer(ok=True, flat=False, exit_code=3)):
        assert synthtest("stop") == (3, "the run ended: NOT FLAT, or not known to be (exit code 3)\n")


def test_close_says_how_each_trade_ended() -> None:
    with served(Answer(ok=True, lines=("trade st1-1 on BTCUSDT: CLOSED (by hand: news)",))) as asked:
        assert synthtest("close", "btcusdt", "--reason", "news")[1].startswith(
            "trade st1-1 on BTCUSDT: CLOSED"
        )
    assert asked == [Request("close", "BTCUSDT", "news")]


def test_a_refusal_is_wrong_use_and_what_is_not_flat_is_unresolved() -> None:
    with (
        served(Answer(ok=False, lines=("no trade there",))),
        pytest.raises(ConfigError, match="no trade there"),
    ):
        synthtest("close", "BTCUSDT", "--reason", "news")
    with served(Answer(ok=True, flat=False, lines=("1 was closed",))), pytest.raises(Unresolved):
        synthtest("flatten")


def test_a_run_that_dies_before_its_answer_is_not_called_flat(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / SOCKET))
        listener.listen()
        threading.Thread(target=lambda: listener.accept()[0].close()).start()

        with pytest.raises(Unresolved, match="the run must say what came of `stop`, it didn't"):
            ask(tmp_path, Request("stop"))


def test_the_socket_is_its_owner_s_and_leaves_no_file() -> None:
    path = Path("state", SOCKET)
    with served(ENDED):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.is_socket()
    assert not path.exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_is_hung_up_on_even_where_the_file_lets_him_in() -> None:
    with served(ENDED) as asked:
        os.chmod("state", 0o755)
        os.chmod("state/control.sock", 0o666)
        child = os.fork()
        if child == 0:
            os._exit(stop_as_nobody())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    assert asked == []


def stop_as_nobody() -> int:
    """0: it got no answer."""
    try:
        os.chdir("state")
        os.setuid(65534)
        with socket.socket(socket.AF_UNIX) as line:
            line.connect("control.sock")
            try:
                line.sendall(b'{"do":"stop"}\n')
                return int(line.recv(1) != b"")
            except ConnectionError:
                return 0
    except BaseException:
        return 2


def test_a_dead_process_s_socket_is_replaced_and_a_live_one_s_never() -> None:
    Path("state").mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind("state/control.sock")

    with served(ENDED):
        with pytest.raises(ConfigError, match="another one listens on state/control"):
            asyncio.run(open_another())
        assert ask(Path("state"), Request("stop")) == ENDED


async def open_another() -> None:
    async def nothing(request: Request) -> Answer:
        raise AssertionError(request)

    async with control_socket(Path("state"), nothing):
        pass


def test_a_folder_with_a_long_name_is_no_trouble(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120) / ("y" * 120)

    with served(ENDED, folder):
        assert ask(folder, Request("stop")) == ENDED


def test_what_is_no_request_is_answered_and_the_next_line_is_heard() -> None:
    with served(ENDED), socket.socket(socket.AF_UNIX) as line:
        line.connect("state/control.sock")
        answers = line.makefile("rb")
        line.sendall(b'{"do":"sell"}\n')
        first = answers.readline()
        line.sendall(b'{"do":"stop"}\n')

        assert b'"ok":false' in first and b"a request must be one JSON object a line" in first
        assert b'"exit_code":0' in answers.readline()
