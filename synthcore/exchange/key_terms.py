"""What a key may do, and from where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from synthcore.errors import ConfigError

Permission = Literal["Order", "Position"]

NEEDED: dict[str, Permission] = {"/v5/order/": "Order", "/v5/position/": "Position"}


class KeyTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """The terms of a further key of an account; reading is always allowed."""

    account: Annotated[int, Meta(ge=1)] = 1  # which of the accounts, counted from 1
    read_only: bool = False
    permissions: tuple[Permission, ...] = ("Order", "Position")
    ips: tuple[str, ...] = ()  # from where it can be used; empty: from everywhere

    def allow(self, method: str, path: str) -> bool:
        """Whether the key may call an endpoint."""
        if method == "GET":
            return True
        if self.read_only:
            return False
        needed = next((name for start, name in NEEDED.items() if path.startswith(start)), None)
        return needed is None or needed in self.permissions

    def is_bound_elsewhere(self, client_ip: str) -> bool:
        return bool(self.ips) and client_ip not in self.ips


ALL = KeyTerms()


def read_terms(path: Path) -> tuple[KeyTerms, ...]:
    """Read the terms of further keys from a file: a JSON list.

    Raises
    ------
    ConfigError
        There is no such file, or it holds something else.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[KeyTerms, ...])
    except OSError as error:
        raise ConfigError(f"keys must name a file that can be read, {path}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f'keys must be a JSON list of terms, as [{{"account": 1, "read_only": true}}], in {path}: {error}'
        ) from error
