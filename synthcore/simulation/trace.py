"""A hash over everything that happens: what the exchange lets out, and what the trading side records."""

from __future__ import annotations

import hashlib
from typing import Any

from synthcore.exchange.in_process.output import Output


class Trace:
    """The same seed gives the same one, whatever machine and process."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)

    def add_output(self, output: Output) -> None:
        head = f"{output.at_ns} {output.kind} {output.channel} {output.code} {len(output.content)}\n"
        self._hash.update(head.encode())
        self._hash.update(output.content)

    def add_record(self, values: tuple[Any, ...]) -> None:
        self._hash.update(repr(values).encode())

    def __str__(self) -> str:
        return self._hash.hexdigest()
