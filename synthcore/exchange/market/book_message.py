"""A book frame of any source, decoded."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from synthcore.exchange.market.frames import Pair

Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


class BookData(Struct):
    b: list[Pair]
    a: list[Pair]
    u: Count = 0
    seq: Count = 0


class BookFrame(Struct):
    type: str
    data: BookData
    ts: Count = 0
    cts: Count = 0


_decode = msgspec.json.Decoder(BookFrame).decode


def decode_book(text: bytes) -> BookFrame:
    """Read a frame; a DecodeError where it is none."""
    return _decode(text)
