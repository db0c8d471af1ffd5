"""How much one public connection may ask for, and in one request."""

from __future__ import annotations

from collections.abc import Collection

MAX_ARGS_LENGTH = 21_000  # characters of all topics of a connection
MAX_SPOT_ARGS = 10  # of a request

TOO_MANY_SPOT_ARGS = f"args size >{MAX_SPOT_ARGS}"
ARGS_TOO_LONG = f"args length >{MAX_ARGS_LENGTH}"  # Bybit's text is not documented


def too_much(category: str, held: Collection[str], asked: Collection[str]) -> str | None:
    """Why a connection that has some topics can't have these as well: Bybit's `ret_msg`."""
    if category == "spot" and len(asked) > MAX_SPOT_ARGS:
        return TOO_MANY_SPOT_ARGS
    if sum(map(len, held)) + sum(map(len, asked)) > MAX_ARGS_LENGTH:
        return ARGS_TOO_LONG
    return None
