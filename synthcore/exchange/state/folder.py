"""The folder of an exchange's state: one process's own, and only its owner's."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from types import TracebackType

from synthcore.errors import ConfigError

INSTANCE = "instance"  # the id that the exchange keeps over its lives; locked by the process that serves it
FOLDER_MODE, FILE_MODE = 0o700, 0o600


class StateFolder:
    """A folder that is held as long as its process lives; a context manager.

    The lock is the operating system's: it goes with the process, however that ends.

    Raises
    ------
    ConfigError
        It can't be made or written, or another process has it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._descriptor = self._open()
        except OSError as error:
            raise ConfigError(
                f"the state folder must be one that can be written, but {path} is not:"
                f" {error.strerror} (setting state)"
            ) from error
        self._lock()
        self.instance_id = self._read_instance()

    def __enter__(self) -> StateFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def file(self, name: str) -> Path:
        """Where one core keeps its records."""
        return self.path / f"{name}.records"

    def _open(self) -> int:
        self.path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        self.path.chmod(FOLDER_MODE)  # it may have been there with other rights
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self.path / INSTANCE, flags, FILE_MODE)
        os.fchmod(descriptor, FILE_MODE)
        return descriptor

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._descriptor)
            raise ConfigError(
                f"a state folder serves one exchange at a time, but {self.path} is in use;"
                " stop the other one, or name another folder (setting state)"
            ) from error

    def _read_instance(self) -> str:
        """The id; made where there is none yet, or where its maker died over it."""
        said = os.pread(self._descriptor, 64, 0).decode("ascii", "replace")
        if said.endswith("\n"):
            return said.strip()
        instance_id = secrets.token_hex(8)
        os.pwrite(self._descriptor, f"{instance_id}\n".encode(), 0)
        return instance_id
