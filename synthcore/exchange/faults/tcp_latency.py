"""Bytes that come late."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from synthcore.exchange.faults.tcp import TcpFault


class TcpLatency(TcpFault, frozen=True, tag="tcp_latency"):
    """Let every byte take longer, in order."""

    ms: Annotated[float, Meta(gt=0)] = 100.0

    def changes(self) -> dict[str, object]:
        return {"latency_ms": self.ms}
