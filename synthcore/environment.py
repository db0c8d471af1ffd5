"""Where a run trades: one typed value that fixes all hosts together."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from synthcore.secret import Secret

EnvironmentName = Literal["embedded", "demo", "testnet", "live"]


class Credentials(Struct, frozen=True, kw_only=True):
    """One API key; it belongs to exactly one environment."""

    api_key: Secret
    api_secret: Secret


class Environment(Struct, frozen=True, kw_only=True):
    """All hosts of one world. An embedded exchange's are empty until it is ready (see `ready.py`)."""

    name: EnvironmentName
    rest_urls: tuple[str, ...] = ()  # tried in order for what is safe to repeat
    ws_public_url: str = ""  # of linear perpetuals, full path
    ws_private_url: str = ""
    ws_trade_url: str | None = None  # None: this world has no order entry by socket
