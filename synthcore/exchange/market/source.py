"""What a market is to the exchange: its instruments, and frames that are due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol


class DueFrame(Protocol):
    """One public frame, exactly as Bybit writes it, and when it is due (ns from the start)."""

    @property
    def due_ns(self) -> int: ...

    @property
    def topic(self) -> str: ...

    @property
    def text(self) -> bytes: ...


class MarketSource(Protocol):
    """A market: its instruments (raw `instruments-info` entries) and its frames in order of time."""

    @property
    def instruments(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def topics(self) -> frozenset[str]: ...

    def frames(self) -> Iterator[DueFrame]: ...
