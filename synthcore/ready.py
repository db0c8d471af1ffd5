"""The ready line of an embedded exchange: where it listens, and the key it made for us."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from synthcore.environment import Credentials, Environment
from synthcore.errors import ConfigError
from synthcore.secret import Secret

READ_FLAWS = (OSError, UnicodeDecodeError, msgspec.DecodeError)


class ReadyLine(Struct, frozen=True):
    """What the exchange prints; further keys are allowed and left alone."""

    rest: str
    ws_public: str
    ws_private: str
    api_key: str
    api_secret: str
    ws_trade: str | None = None
    instance_id: str | None = None
    control_token: str | None = None  # where the exchange made one

    def __repr__(self) -> str:
        return f"ReadyLine(rest={self.rest!r})"  # the secret stays out of logs and traces

    def environment(self) -> Environment:
        """The embedded environment with its hosts."""
        return Environment(
            name="embedded",
            rest_urls=(self.rest,),
            ws_public_url=self.ws_public,
            ws_private_url=self.ws_private,
            ws_trade_url=self.ws_trade,
        )

    def credentials(self) -> Credentials:
        """The key that this exchange made."""
        return Credentials(api_key=Secret(self.api_key), api_secret=Secret(self.api_secret))


def read_ready_line(text: str | bytes) -> ReadyLine:
    """Decode one ready line.

    Raises
    ------
    msgspec.DecodeError
        It is not a ready line.
    """
    return msgspec.json.decode(text, type=ReadyLine)


def read_ready_file(path: Path, setting: str = "attach") -> ReadyLine:
    """Read the file that `synthtest exchange --ready-file` wrote; `setting` is what named it.

    Raises
    ------
    ConfigError
        There is no such file, or it isn't a ready file.
    """
    try:
        return read_ready_line(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found = "isn't there"
    except READ_FLAWS:
        found = "is not one"
    raise ConfigError(
        f"{setting} must name the ready file of a running exchange, {path} {found};"
        f" start one with `synthtest exchange --ready-file {path}`"
    )
