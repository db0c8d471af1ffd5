"""A call of REST or of the trade socket as a trigger sees it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from synthcore.exchange.faults.trigger import Happening, Point


class OrderFields(Struct, rename="camel"):
    """What a trigger may ask of a call's order; anything else in the body is left alone."""

    symbol: Any = ""
    side: Any = ""
    order_link_id: Any = ""
    reduce_only: Any = None


class Code(Struct, rename="camel"):
    ret_code: int | None = None


NOTHING = OrderFields()


def call_happening(
    point: Point, path: str, query: bytes, body: bytes, answer: bytes | None = None, account: str = ""
) -> Happening:
    """A REST call at a point. Bodies that can't be read have no order."""
    code = _code(answer) if answer is not None else None
    return _happening(point, path, "rest", _fields(query, body), account, code)


def act_happening(point: Point, op: str, body: bytes, account: str, code: int | None = None) -> Happening:
    """An act on the trade socket; it has the path of REST's call."""
    path = f"/v5/{op.replace('.', '/')}"
    return _happening(point, path, "trade", _fields(b"", body), account, code)


def _happening(
    point: Point, path: str, socket: str, fields: OrderFields, account: str, code: int | None
) -> Happening:
    return Happening(
        point=point,
        path=path,
        socket=socket,
        account=account,
        symbol=_text(fields.symbol),
        side=_text(fields.side),
        link=_text(fields.order_link_id),
        reduce_only=bool(fields.reduce_only),
        code=code,
    )


def _fields(query: bytes, body: bytes) -> OrderFields:
    try:
        if body:
            return msgspec.json.decode(body, type=OrderFields)
        return msgspec.convert(dict(parse_qsl(query.decode("latin-1"))), OrderFields)
    except msgspec.MsgspecError:
        return NOTHING


def _code(answer: bytes) -> int | None:
    try:
        return msgspec.json.decode(answer, type=Code).ret_code
    except msgspec.DecodeError:
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
