"""Bybit V5 public stream: topics, control messages and the 50-level book, as the client sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

TopicKind = Literal["tickers", "orderbook.1", "orderbook.50"]

TOPIC_KINDS: tuple[TopicKind, ...] = ("tickers", "orderbook.1", "orderbook.50")
MAX_ARGS_CHARACTERS = 21_000  # of all topics on one public connection
PING = b'{"op":"ping"}'


class PublicReply(Struct):
    """The answer to a control message; `topic` is set only where the message is data after all."""

    topic: str = ""
    op: str = ""
    success: bool | None = None
    ret_msg: str = ""
    req_id: str = ""

    @property
    def is_data(self) -> bool:
        """Whether this was market data, not an answer."""
        return self.topic != ""

    @property
    def is_control(self) -> bool:
        """Whether this has the shape of an answer at all."""
        return self.topic == "" and (self.op != "" or self.success is not None)


Count = Annotated[int, Meta(ge=0, lt=10**15)]  # of a time in ms or an update id


class BookData(Struct):
    """Changed levels as (price, size); size 0 deletes."""

    s: str
    b: list[tuple[float, float]]
    a: list[tuple[float, float]]
    u: Count
    seq: int = 0


class BookFrame(Struct):
    """One message of `orderbook.50`."""

    topic: str
    type: Literal["snapshot", "delta"]
    ts: Count  # ms
    data: BookData
    cts: int = 0  # ms, matching engine


decode_public_reply = msgspec.json.Decoder(PublicReply).decode
# The venue writes numbers as strings: strict=False reads them.
decode_book_frame = msgspec.json.Decoder(BookFrame, strict=False).decode


def topic_name(kind: str, symbol: str) -> str:
    """Name the topic that carries `kind` of one symbol."""
    return f"{kind}.{symbol}"


def topic_symbol(topic: str) -> str:
    """Read the symbol out of a topic."""
    return topic.rpartition(".")[2]


def topic_kind(topic: str) -> str:
    """Read the kind out of a topic."""
    return topic.rpartition(".")[0]


def subscribe_request(req_id: str, topics: Sequence[str]) -> bytes:
    """Encode a subscribe request."""
    return msgspec.json.encode({"req_id": req_id, "op": "subscribe", "args": topics})


def unsubscribe_request(req_id: str, topics: Sequence[str]) -> bytes:
    """Encode an unsubscribe request."""
    return msgspec.json.encode({"req_id": req_id, "op": "unsubscribe", "args": topics})


def spread_over_connections(
    groups: Iterable[Sequence[str]], max_characters: int = MAX_ARGS_CHARACTERS
) -> list[list[str]]:
    """Share topics out, in order and groups unbroken, so that no connection asks for too much text."""
    shares: list[list[str]] = []
    room = 0
    for group in groups:
        characters = sum(map(len, group))
        if not shares or characters > room:
            shares.append([])
            room = max_characters
        shares[-1].extend(group)
        room -= characters
    return shares
