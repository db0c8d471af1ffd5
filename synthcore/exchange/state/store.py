"""Keeps an exchange's state on the disk: what an act has changed is written before anybody hears of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from synthcore.errors import ConfigError
from synthcore.exchange.account import Account
from synthcore.exchange.changes import Changes
from synthcore.exchange.core import Exchange
from synthcore.exchange.dcp import DisconnectGuard
from synthcore.exchange.ids import Ids
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.state.gather import Gatherer
from synthcore.exchange.state.origin import check_origin, origin_of, read_origin
from synthcore.exchange.state.record_file import RecordFile
from synthcore.exchange.state.restore import State, put_back
from synthcore.exchange.state.shapes import Origin, Turn

logger = logging.getLogger(__name__)

GROWTH_BYTES = 32 << 20  # by which a file may grow, or to twice its size, before it is written anew

_encode = msgspec.msgpack.Encoder().encode


class Store:
    """One core's state and its file.

    Parameters
    ----------
    path
        The file; its folder is there.
    changes
        What `exchange` notes its changes in.
    """

    def __init__(
        self,
        path: Path,
        settings: ExchangeSettings,
        exchange: Exchange,
        ids: Ids,
        changes: Changes,
        guard: DisconnectGuard,
    ) -> None:
        self.has_failed = False  # nothing can be written any more
        self.tell_failed: Callable[[ConfigError], None] = lambda error: None
        self._path = path
        self._settings = settings
        self._exchange = exchange
        self._ids = ids
        self._changes = changes
        self._guard = guard
        self._gatherer = Gatherer(exchange, ids, changes, guard)
        self._file: RecordFile | None = None
        self._keys: tuple[AccountKey, ...] = ()
        self._lives = 1
        self._largest = 0  # the file's end at which it is written anew

    # Start

    def load(self) -> tuple[AccountKey, ...]:
        """Put the exchange back to where the file ends; gives its keys, none where there is no file yet.

        Raises
        ------
        ConfigError
            The file is damaged, or of another exchange; it is left as it is.
        """
        if not self._path.exists():
            return ()
        self._file, payloads = RecordFile.open(self._path)
        if not payloads:
            raise ConfigError(
                f"the exchange's state must begin with what it was made with, but {self._path} is empty;"
                " put back a copy of it, or start with another folder (setting state)"
            )
        found = read_origin(payloads[0], self._path)
        self._keys, self._lives = tuple(found.keys), found.lives + 1
        check_origin(found, self._origin(), self._path)
        state = State()
        decode = msgspec.msgpack.Decoder(Turn).decode
        for payload in payloads[1:]:
            state.add(decode(payload))
        put_back(state, self._exchange, self._ids, self._guard, self._changes.order_kind, self._lives)
        self.compact()
        return self._keys

    def begin(self, keys: tuple[AccountKey, ...]) -> None:
        """Write the first file of a new exchange.

        Raises
        ------
        ConfigError
            It can't be written.
        """
        self._keys = keys
        try:
            self._rewrite()
        except OSError as error:
            raise ConfigError(
                f"the exchange's state must be written, but {self._path} can't be: {error.strerror};"
                " make room, or name another folder (setting state)"
            ) from error

    # Life

    def has_room(self) -> bool:
        """Whether what a request changes can be written, whatever it is."""
        return not self.has_failed and self._file is not None and self._file.has_room()

    def commit(self, caller: Account | None = None) -> bool:
        """Write what has changed since the last time; False where it can't be, and nobody may hear of it."""
        if self._file is None or self.has_failed:
            return not self.has_failed
        turn = self._gatherer.turn(caller)
        if turn is not None:
            self._append(self._file, turn)
        return not self.has_failed

    def compact(self) -> None:
        """Write the file anew, without its past; where there is no room for both, the old one goes on."""
        try:
            self._rewrite()
        except OSError as error:
            logger.warning("%s could not be written anew, and goes on growing: %s", self._path, error)
            assert self._file is not None
            self._largest = self._file.end + GROWTH_BYTES

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, file: RecordFile, turn: Turn) -> None:
        try:
            file.append(_encode(turn))
        except OSError as error:
            self._fail(error)
            return
        if file.end > self._largest:
            self.compact()

    def _fail(self, error: OSError) -> None:
        """Say once and for all that nothing is kept any more; nobody hears of anything from here on."""
        self.has_failed = True
        self.tell_failed(
            ConfigError(
                f"the exchange's state must be written, but {self._path} can't be: {error.strerror};"
                " it is whole up to the last answer: make room and start the exchange again"
            )
        )

    def _rewrite(self) -> None:
        file = RecordFile.create(self._path, [_encode(self._origin()), _encode(self._gatherer.whole())])
        if self._file is not None:
            self._file.close()
        self._file = file
        self._largest = file.end + max(file.end, GROWTH_BYTES)

    def _origin(self) -> Origin:
        return origin_of(self._settings, self._exchange.contracts, self._keys, self._lives)
