"""A narrow wire."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from synthcore.exchange.faults.tcp import TcpFault


class TcpBandwidth(TcpFault, frozen=True, tag="tcp_bandwidth"):
    """Let only so many bytes a second through."""

    bytes_per_s: Annotated[float, Meta(gt=0)] = 10_000.0

    def changes(self) -> dict[str, object]:
        return {"bytes_per_s": self.bytes_per_s}
