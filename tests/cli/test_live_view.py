"""The live view on a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios

import pytest

DRIVER = """
import sys, time
from synthcore.monitor.live import LiveView
from synthcore.monitor.summary import RunFigures, build_summary

summary = build_summary(RunFigures(trades=2, successful=2, environment="embedded", exit_code=0))
view = LiveView()
view.on_start({"environment": "embedded", "profile": "qualifying", "topology": "park", "duration_s": 60.0})
view.on_warning("mind the gap")
view.on_status({**summary, "elapsed_s": 3.0, "prices": {"BTCUSDT": {"bid": 64000.1, "ask": 64000.2}}})
print("waiting", file=sys.stderr, flush=True)
sys.stdin.readline()  # until the test has seen the picture
view.on_summary(summary, final=True)
view.close()
"""


def environ() -> dict[str, str]:
    """Of a terminal that knows its own size: pytest's workers bring another one."""
    return {**os.environ, "TERM": "xterm-256color", "COLUMNS": "", "LINES": ""}


def open_terminal(columns: int) -> tuple[int, int]:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (50, columns))
    return ours, theirs


def read_until(terminal: int, expected: str) -> str:
    """Read what appears until `expected` does, or until the terminal's other end is closed."""
    seen = b""
    while expected.encode() not in seen or not expected:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # EIO: nobody has it open any more
            break
        if not chunk:
            break
        seen += chunk
    return seen.decode(errors="replace")  # the last character may be cut


@pytest.mark.parametrize("columns", [90, 140])
def test_the_view_draws_restores_the_terminal_and_leaves_the_summary(columns: int) -> None:
    ours, theirs = open_terminal(columns)
    run = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdin=subprocess.PIPE,
        stdout=theirs,
        stderr=theirs,
        env=environ(),
    )
    os.close(theirs)
    assert run.stdin is not None

    picture = read_until(ours, "64,000.1")
    run.stdin.write(b"\n")
    run.stdin.close()
    after = read_until(ours, "")
    code = run.wait(20)
    os.close(ours)

    assert code == 0
    assert "\x1b[?25l" in picture  # the cursor is hidden while it draws,
    assert "\x1b[?25h" in after  # and shown again
    assert "warning: mind the gap" in after
    assert "finished and flat (exit code 0)" in after
    assert "Traceback" not in picture + after


def test_the_drawing_process_ends_when_its_run_is_killed() -> None:
    ours, theirs = open_terminal(100)
    run = subprocess.Popen(
        [sys.executable, "-c", DRIVER],
        stdin=subprocess.PIPE,
        stdout=theirs,
        stderr=theirs,
        env=environ(),
    )
    os.close(theirs)

    read_until(ours, "64,000.1")
    run.kill()
    run.wait(20)
    rest = read_until(ours, "")  # ends when the last process has let go of the terminal
    os.close(ours)

    assert "\x1b[?25h" in rest
    assert "Traceback" not in rest
