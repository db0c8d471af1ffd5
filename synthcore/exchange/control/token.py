"""The token that opens the control API."""

from __future__ import annotations

import os
import secrets

from synthcore.errors import ConfigError

VARIABLE = "SYNTHTEST_CONTROL_TOKEN"
AUTO = "auto"  # make one, and tell it in the ready line
MIN_LENGTH = 16


def given_token(setting: str) -> str:
    """The token of the setting, else of the environment; empty: there is no control API.

    Raises
    ------
    ConfigError
        It could be guessed, or can't stand in a header. It is not shown.
    """
    token = setting or os.environ.get(VARIABLE, "")
    is_good = len(token) >= MIN_LENGTH and token.isascii() and token.isprintable() and " " not in token
    if token and token != AUTO and not is_good:
        raise ConfigError(
            f"control_token must be `{AUTO}` or at least {MIN_LENGTH} visible ASCII characters, had"
            f" {len(token)} (setting control_token or {VARIABLE}); `{AUTO}` makes one"
        )
    return token


def new_token() -> str:
    return secrets.token_urlsafe(24)
