"""Bytes in small pieces."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from synthcore.exchange.faults.tcp import TcpFault


class TcpSlice(TcpFault, frozen=True, tag="tcp_slice"):
    """Cut what is sent into slices, with a pause behind each."""

    bytes: Annotated[int, Meta(ge=1)] = 64
    pause_ms: Annotated[float, Meta(gt=0)] = 1.0

    def changes(self) -> dict[str, object]:
        return {"slice_bytes": self.bytes, "pause_ms": self.pause_ms}
