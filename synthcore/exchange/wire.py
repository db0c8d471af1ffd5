"""Messages as they stand on the wire, for writing one of them to many connections."""

from __future__ import annotations

from collections.abc import Iterator

TEXT = 0x81  # a whole text message in one frame
SHORT, MEDIUM = 126, 127  # lengths from which on the header has two or eight bytes for it


def framed(text: bytes) -> bytes:
    """A server's text message with its WebSocket header (RFC 6455, 5.2): unmasked, in one frame."""
    size = len(text)
    if size < SHORT:
        return bytes((TEXT, size)) + text
    if size < 1 << 16:
        return bytes((TEXT, SHORT, size >> 8, size & 0xFF)) + text
    return bytes((TEXT, MEDIUM)) + size.to_bytes(8, "big") + text


def messages(data: bytes) -> Iterator[bytes]:
    """The texts of messages that `framed` wrote."""
    place = 0
    while place < len(data):
        size, place = data[place + 1], place + 2
        extra = {SHORT: 2, MEDIUM: 8}.get(size, 0)
        if extra:
            size = int.from_bytes(data[place : place + extra], "big")
        place += extra
        yield data[place : place + size]
        place += size
