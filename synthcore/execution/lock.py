"""One process per account: a lock that a dead holder can't keep."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from types import TracebackType

from synthcore.errors import ConfigError


def account_id(host: str, api_key: str, prefix: str) -> str:
    """Name an account without telling its key: by host, key and the prefix of our orders."""
    return hashlib.sha256(f"{host}|{api_key}|{prefix}".encode()).hexdigest()[:24]


def lock_folder() -> Path:
    """Where the locks of this user are: the same for every state folder."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime, "synthtest") if runtime else Path(tempfile.gettempdir(), f"synthtest-{os.getuid()}")


class AccountLock:
    """Hold an account against a second process on this machine; the OS frees it with the process.

    Raises
    ------
    ConfigError
        Another process holds it, or there is no place for the lock.
    """

    def __init__(self, account: str, folder: Path | None = None) -> None:
        self.path = (folder if folder is not None else lock_folder()) / f"{account}.lock"
        self._descriptor = -1

    def acquire(self) -> None:
        descriptor = self._try()
        if descriptor is None:
            raise ConfigError(
                f"one process per account, process {self._holder()} trades on this one; wait for its end,"
                " or stop it with `synthtest stop`"
            )
        self._descriptor = descriptor
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)

    def is_free(self) -> bool:
        """Whether nobody holds it now."""
        descriptor = self._try()
        if descriptor is None:
            return False
        self._let_go(descriptor)
        return True

    def release(self) -> None:
        """Let go, and leave no file. Again does nothing."""
        if self._descriptor >= 0:
            self._let_go(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> AccountLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _try(self) -> int | None:
        """Take the lock if it is free; None if it isn't."""
        while True:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            if self._is_in_place(descriptor):
                return descriptor
            os.close(descriptor)  # its holder went away meanwhile, and took the file along

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise ConfigError(
                f"the lock of the account must be writable, {self.path} isn't ({error.strerror});"
                " set XDG_RUNTIME_DIR to a folder of yours"
            ) from error

    def _is_in_place(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except FileNotFoundError:
            return False

    def _let_go(self, descriptor: int) -> None:
        self.path.unlink(missing_ok=True)  # while it is held: nobody else can have it
        os.close(descriptor)

    def _holder(self) -> str:
        try:
            return self.path.read_text(encoding="ascii") or "?"
        except (OSError, UnicodeDecodeError):
            return "?"
