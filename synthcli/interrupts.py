"""Ctrl+C and its like before a command has handlers of its own."""

from __future__ import annotations

import signal
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_came: list[int] = []


def watch() -> None:
    """Let each of them raise `KeyboardInterrupt`; a hang-up that `nohup` ignores stays ignored."""
    for number in SIGNALS:
        # A shell starts what it puts in the background with Ctrl+C ignored: that is no wish of anybody's.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def has_come() -> bool:
    """Whether one came: an import that catches everything may have swallowed the exception."""
    return bool(_came)


def _interrupt(number: int, frame: object) -> NoReturn:
    _came.append(number)
    raise KeyboardInterrupt
