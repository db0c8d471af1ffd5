"""WebSocket connections that don't come about."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from synthcore.exchange.faults.fault import HandshakeFault


class RefuseSocket(HandshakeFault, frozen=True, tag="refuse_socket"):
    """Answer a handshake with an HTTP status."""

    default: ClassVar[str] = "connect socket=private"

    status: Annotated[int, Meta(ge=400, le=599)] = 503

    def status_code(self) -> int:
        return self.status
