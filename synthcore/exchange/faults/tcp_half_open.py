"""A wire that is cut where nobody notices."""

from __future__ import annotations

from synthcore.exchange.faults.tcp import TcpFault


class TcpHalfOpen(TcpFault, frozen=True, tag="tcp_half_open"):
    """Let nothing through; no end sees that anything is wrong, and new connections come about."""

    def changes(self) -> dict[str, object]:
        return {"is_dead": True}
