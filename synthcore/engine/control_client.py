"""Asks a running process over its control socket."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec

from synthcore.engine.control_messages import SOCKET, Answer, Request, socket_path
from synthcore.errors import ConfigError, Unresolved

PATIENCE_S = 60.0  # closing everything is bounded, and shorter


def ask(folder: Path, request: Request, patience_s: float = PATIENCE_S) -> Answer | None:
    """Have a request carried out by the run of a state folder; None where no run listens.

    Raises
    ------
    ConfigError
        The socket is somebody else's.
    Unresolved
        The run took the request and never said what came of it.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(patience_s)
        try:
            with socket_path(folder) as path:
                line.connect(path)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        except OSError as error:
            raise ConfigError(
                f"the control socket must be of your own run, {folder / SOCKET} isn't ({error.strerror})"
            ) from error
        return answer_to(line, request)


def answer_to(line: socket.socket, request: Request) -> Answer:
    try:
        line.sendall(msgspec.json.encode(request) + b"\n")
        with line.makefile("rb") as answers:
            return msgspec.json.decode(answers.readline(), type=Answer)
    except (OSError, msgspec.DecodeError) as error:
        raise Unresolved(
            f"the run must say what came of `{request.do}`, it didn't ({error}); `synthtest trades` shows"
            " what it had open, `synthtest flatten` closes what is left"
        ) from error


def require_run(folder: Path, request: Request) -> Answer:
    """As `ask`, where there must be a run.

    Raises
    ------
    ConfigError
        There is none.
    """
    answer = ask(folder, request)
    if answer is None:
        raise ConfigError(
            f"a run must be going on with this state folder, none is (nobody listens on {folder / SOCKET});"
            " give its --state"
        )
    return answer
