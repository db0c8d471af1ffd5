"""The terminal is closed while a run holds pairs: it ends flat, with its own exit code, heard by nobody."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from live_run import HELD_OPEN, WITHIN_S, Place, wait_until

INTERRUPTED = 130


@contextmanager
def run_on_a_terminal(place: Place, *args: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A run whose three streams are its controlling terminal; the terminal's other end is given."""
    ours, theirs = os.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "synthcli", "run", "--symbols", "BTCUSDT", *args],
        cwd=place.cwd,
        env=place.environ(HELD_OPEN | {"TERM": "xterm"}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    try:
        yield run, ours
    finally:
        run.kill()
        run.wait()


def read_until(terminal: int, words: bytes) -> None:
    """Read what is drawn until it has these words."""
    drawn = b""

    def has_words() -> bool:
        nonlocal drawn
        if select.select([terminal], [], [], 0)[0]:
            drawn += os.read(terminal, 65536)
        return words in drawn

    wait_until(has_words, words.decode())


def last(place: Place, kind: str) -> dict[str, Any]:
    """The newest object of a kind in the run's log; {} before the first."""
    lines = [json.loads(line) for line in place.record().splitlines(keepends=True) if line.endswith("\n")]
    return next((one for one in reversed(lines) if one["type"] == kind), {})


@pytest.mark.parametrize("how", [(), ("--json",)], ids=["live view", "json"])
def test_a_run_whose_terminal_is_closed_ends_flat_with_its_own_code(
    place: Place, how: tuple[str, ...]
) -> None:
    with run_on_a_terminal(place, *how) as (run, terminal):
        read_until(terminal, b"active")

        os.close(terminal)
        code = run.wait(WITHIN_S)

    assert code == INTERRUPTED
    assert last(place, "summary")["flat"] is True
    assert last(place, "trade")["end"] == "CLOSED"
