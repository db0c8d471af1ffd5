"""What goes over the control socket: one JSON object a line, each way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from msgspec import Struct

SOCKET = "control.sock"  # in the state folder


class Request(Struct, frozen=True, forbid_unknown_fields=True):
    """What a person wants of a running process."""

    do: Literal["stop", "close", "flatten"]
    symbol: str = ""  # to close
    reason: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """What came of it."""

    ok: bool
    lines: tuple[str, ...] = ()  # in words
    flat: bool = True  # False: something is open, or may be
    exit_code: int | None = None  # of the run, where it ended


@contextmanager
def socket_path(folder: Path) -> Iterator[str]:
    """Name the socket by its folder's descriptor: a unix socket's path holds 107 bytes, a folder's more.

    Raises
    ------
    OSError
        The folder isn't there, or is closed to us.
    """
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
