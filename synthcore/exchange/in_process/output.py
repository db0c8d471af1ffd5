"""What an exchange lets out, in order: to be delivered, to be looked at, to be hashed."""

from __future__ import annotations

import hashlib
from typing import Literal

from msgspec import Struct

from synthcore.exchange.rest import Headers

Kind = Literal[
    "answer",  # of a call
    "lost",  # a call gets no answer: its connection is cut
    "refused",  # a handshake is answered with an HTTP status
    "taken",  # a handshake succeeds
    "frame",  # a text message
    "silent",  # nothing of this connection is read any more
    "goodbye",  # a closing frame
    "ended",  # the connection ends after what was written
    "cut",  # it ends at once
]


class Output(Struct, frozen=True):
    """One thing that left the exchange."""

    at_ns: int  # epoch
    kind: Kind
    channel: int  # the call or connection that it belongs to
    content: bytes = b""
    code: int = 0  # HTTP status, or close code
    headers: Headers = []


class Digest:
    """A hash over outputs: their order, their times and every byte."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.count = 0

    def add(self, output: Output) -> None:
        size = len(output.content)
        head = f"{output.at_ns} {output.kind} {output.channel} {output.code} {output.headers} {size}\n"
        self._hash.update(head.encode())
        self._hash.update(output.content)
        self.count += 1

    def __str__(self) -> str:
        return self._hash.hexdigest()
