"""What a key may do, and from where."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

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
