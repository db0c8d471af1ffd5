"""What an exchange says once it can be used: one JSON line with its addresses and its key."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.exchange.key_terms import KeyTerms
from synthcore.ready import ReadyLine
from synthcore.venues.bybit.hosts import Environment


class AccountKey(Struct, frozen=True, omit_defaults=True):
    """One account of the exchange, and its key."""

    uid: str
    api_key: str
    api_secret: str
    terms: KeyTerms | None = None  # of a further key

    def __repr__(self) -> str:
        return f"AccountKey(uid={self.uid!r})"  # the secret stays out of logs and traces


class FlavourReady(Struct, frozen=True, kw_only=True):
    """Addresses and keys of one flavour."""

    rest: str
    ws_public: str | None  # None: it has no such socket
    ws_private: str
    ws_trade: str | None
    ws_status: str | None
    api_key: str
    api_secret: str
    accounts: tuple[AccountKey, ...]
    keys: tuple[AccountKey, ...] = ()  # further ones, with their terms
    control_token: str | None = None  # where the exchange made one

    def __repr__(self) -> str:
        return f"FlavourReady(rest={self.rest!r})"  # the secret stays out of logs and traces


class Ready(ReadyLine, frozen=True, kw_only=True):
    """Addresses and key of a running exchange: the one place where a secret is printed.

    The key is this instance's own and opens nothing else.
    """

    ws_trade: str
    ca_file: str | None = None  # what a client must trust, where it speaks TLS
    pid: int
    accounts: tuple[AccountKey, ...]  # all of them; the first one's key is `api_key`
    instance_id: str  # another one after each start, unless the state is kept
    flavours: dict[Environment, FlavourReady]  # all of them; what stands above is the first one's
    second_venue: FlavourReady | None = None

    def __repr__(self) -> str:
        return f"Ready(rest={self.rest!r}, pid={self.pid}, instance_id={self.instance_id!r})"

    def line(self) -> bytes:
        return msgspec.json.encode(self)


def read_ready(line: bytes) -> Ready:
    """Read a ready line."""
    return msgspec.json.decode(line, type=Ready)


def write_ready_file(path: Path, ready: Ready) -> None:
    """Write the line to a file that only its owner can read; a reader never sees half of it.

    Raises
    ------
    ConfigError
        There can be no file at this path.
    """
    try:
        _write(path, ready.line() + b"\n")
    except OSError as error:
        raise ConfigError(
            f"the ready file must be writable, but {path} is not: {error.strerror} (setting ready_file);"
            " name a file in a folder that exists"
        ) from error


def _write(path: Path, line: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)  # the file may have been there with other rights
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
    partial.replace(path)
