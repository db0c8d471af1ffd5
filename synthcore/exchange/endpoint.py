"""What every REST endpoint takes and gives, and how its parameters are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote, unquote

import msgspec
from msgspec import Struct

from synthcore.exchange import refusal
from synthcore.exchange.account import Account
from synthcore.exchange.auth import ApiKey
from synthcore.exchange.decimals import read_count
from synthcore.exchange.refusal import Refusal, Refused, params_error

OK = Refusal(0, "OK")

Body = TypeVar("Body")
Item = TypeVar("Item")
Result = object


class Call(Struct, frozen=True):
    """One request, signed where its endpoint asks for it."""

    params: Mapping[str, str]  # of the query string
    body: bytes
    account: Account | None  # None on public endpoints
    now_ms: int
    granted: int | None = None  # orders of a batch that the rate limit lets through; None: all
    key: ApiKey | None = None  # that signed it, over REST

    @property
    def user(self) -> Account:
        assert self.account is not None  # the application lets no unsigned call reach a private endpoint
        return self.account


Handler = Callable[[Call], Result | Refusal]


class Endpoint(Struct, frozen=True):
    """A route: how it is called, who may, and what answers."""

    method: str
    path: str
    handler: Handler
    is_private: bool = True
    cost: Callable[[bytes], int] | None = None  # what a body costs of the rate limit; None: 1


class Extended(Struct, frozen=True):
    """A result with something in `retExtInfo`, or a refusal that says more than its code."""

    result: Result
    ext_info: dict[str, object] = {}
    outcome: Refusal = OK


CATEGORIES = frozenset({"linear", "spot", "inverse", "option"})
_FIELD = re.compile(r"at `\$\.(\w+)|field `(\w+)`")


def read_body(body: bytes, kind: type[Body]) -> Body:
    """Decode a request body; what doesn't fit names its field, as Bybit does."""
    try:
        read: Body = decoder(kind).decode(body or b"{}")  # type: ignore[arg-type]  # a type is hashable
        return read
    except msgspec.DecodeError as error:
        raise Refused(_field_error(error)) from error


@cache
def decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    """What reads bodies of a kind: it is made once."""
    return msgspec.json.Decoder(kind)


def read_struct(fields: Mapping[str, Any], kind: type[Body]) -> Body:
    """Read what was decoded already; what doesn't fit names its field."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise Refused(_field_error(error)) from error


def _field_error(error: Exception) -> Refusal:
    found = _FIELD.search(str(error))
    return params_error(found[1] or found[2] if found else "body")


def read_category(params: Mapping[str, str]) -> str:
    category = params.get("category", "")
    if category not in CATEGORIES:
        raise Refused(refusal.ILLEGAL_CATEGORY)
    return category


def read_limit(params: Mapping[str, str], default: int, highest: int) -> int:
    text = params.get("limit", "")
    if not text:
        return default
    limit = read_count(text)
    if not limit:
        raise Refused(params_error("limit"))
    return min(limit, highest)


def read_ms(params: Mapping[str, str], name: str) -> int | None:
    text = params.get(name, "")
    if not text:
        return None
    time_ms = read_count(text)
    if time_ms is None:
        raise Refused(params_error(name))
    return time_ms


class Page(Struct, frozen=True):
    """A piece of a list that runs from new to old, and where the next one begins."""

    rows: list[Any]
    cursor: str


def page_of(
    items: Iterable[Item],
    key: Callable[[Item], int],
    to_row: Callable[[Item], object],
    cursor: str,
    limit: int,
) -> Page:
    """Take the next `limit` items below the cursor.

    The cursor names the last item given, so that new items at the front move nothing. It leaves
    percent-encoded, as Bybit's does, and comes back as it was sent or encoded once more.
    """
    below = _read_cursor(cursor)
    rest = iter(item for item in items if below is None or key(item) < below)
    taken = list(islice(rest, limit))
    has_more = next(rest, None) is not None
    next_cursor = quote(f"page_args={key(taken[-1])}&", safe="") if has_more else ""
    return Page([to_row(item) for item in taken], next_cursor)


def _read_cursor(cursor: str) -> int | None:
    if not cursor:
        return None
    name, _, text = unquote(cursor).rstrip("&").partition("=")
    number = read_count(text)
    if name != "page_args" or number is None:
        raise Refused(params_error("cursor"))
    return number
