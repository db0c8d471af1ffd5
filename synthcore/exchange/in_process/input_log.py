"""A log of everything that came into an exchange: one JSON line each, after one that says how it began."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

import msgspec
from msgspec import Struct

from synthcore.errors import ConfigError, RecordingError
from synthcore.exchange.in_process.inputs import AnyInput
from synthcore.exchange.regular_file import require_regular
from synthcore.exchange.settings import ExchangeSettings


class Head(Struct, frozen=True, tag_field="in", tag="start"):
    """How an exchange began. Its market follows from its settings and its start."""

    start_ns: int  # epoch
    keys: tuple[tuple[str, str], ...]  # and secrets of the accounts: they open this exchange only
    settings: ExchangeSettings

    def __repr__(self) -> str:
        return f"Head(start_ns={self.start_ns})"  # the secrets stay out of logs and traces


Line = TypeVar("Line")

_encode = msgspec.json.Encoder().encode
_decode_head = msgspec.json.Decoder(Head).decode
_decode_input = msgspec.json.Decoder(AnyInput).decode


class InputLog:
    """Writes a log that only its owner can read; each line is with the system before its input acts.

    Raises
    ------
    ConfigError
        There can be no file at this path.
    """

    def __init__(self, path: Path, head: Head) -> None:
        require_regular(path, "input log", "input_log")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise ConfigError(
                f"the input log must be writable, but {path} is not: {error.strerror} (setting input_log);"
                " name a file in a folder that exists"
            ) from error
        os.fchmod(descriptor, 0o600)  # the file may have been there with other rights
        self._file: IO[bytes] = os.fdopen(descriptor, "wb", buffering=0)
        self._write(head)

    def put(self, given: AnyInput) -> None:
        self._write(given)

    def close(self) -> None:
        self._file.close()

    def _write(self, line: object) -> None:
        self._file.write(_encode(line) + b"\n")


def read_input_log(path: Path) -> tuple[Head, Iterator[AnyInput]]:
    """How the exchange began, and what came in; a last line that was cut is left out.

    Raises
    ------
    RecordingError
        There is no such log, or a line of it says nothing.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        raise no_log(path, error) from error
    return read_line(path, _decode_head, b"".join(lines[:1])), (
        read_line(path, _decode_input, line) for line in lines[1:]
    )


def read_line(path: Path, decode: Callable[[bytes], Line], line: bytes) -> Line:
    try:
        return decode(line)
    except msgspec.DecodeError as error:
        raise no_log(path, error) from error


def no_log(path: Path, error: Exception) -> RecordingError:
    return RecordingError(f"{path} must be an input log of an exchange, but is not: {error}")
