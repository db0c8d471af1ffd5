"""Files that the exchange writes are regular: a device would be replaced, or get other rights."""

from __future__ import annotations

from pathlib import Path

from synthcore.errors import ConfigError


def require_regular(path: Path, name: str, setting: str) -> None:
    """Refuse a path at which there is something else than a regular file.

    Raises
    ------
    ConfigError
        It is a device, a pipe, a socket or a folder.
    """
    if path.exists() and not path.is_file():
        raise ConfigError(
            f"the {name} must be a regular file, but {path} is something else (setting {setting});"
            " name a new file"
        )
