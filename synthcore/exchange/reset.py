"""Connections that end with TCP's RST."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any

NO_LINGER = struct.pack("ii", 1, 0)  # what is not sent yet is thrown away, and the peer gets a reset


def close_by_reset(transport: Any) -> None:
    """Let the next close of a transport be a reset; one that has no socket has none."""
    end = transport.get_extra_info("socket") if hasattr(transport, "get_extra_info") else None
    if end is not None:
        with socket.socket(fileno=os.dup(end.fileno())) as same:  # the event loop's own object has no options
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
