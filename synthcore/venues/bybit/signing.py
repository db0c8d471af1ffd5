"""Bybit V5 signatures: what is signed, and the keyed state that signs it."""

from __future__ import annotations

import hashlib

BLOCK_BYTES = 64  # of SHA-256
INNER = bytes(octet ^ 0x36 for octet in range(256))
OUTER = bytes(octet ^ 0x5C for octet in range(256))


class Signer:
    """Sign as one API key (HMAC key type).

    The key schedule runs once; each signature copies the two keyed states (RFC 2104), in less than
    half the time of a new `hmac`.
    """

    __slots__ = ("_inner", "_outer", "key")

    def __init__(self, key: str, secret: str) -> None:
        self.key = key
        written = secret.encode()
        if len(written) > BLOCK_BYTES:
            written = hashlib.sha256(written).digest()
        block = written.ljust(BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(block.translate(INNER))
        self._outer = hashlib.sha256(block.translate(OUTER))

    def __repr__(self) -> str:
        return f"Signer(key={self.key[:4]}…)"

    def sign(self, text: bytes) -> str:
        """HMAC-SHA256 of `text`, lower-case hex."""
        inner = self._inner.copy()
        inner.update(text)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest()

    def rest(self, timestamp_ms: int, recv_window_ms: int, payload: bytes) -> str:
        """Sign one REST call.

        Parameters
        ----------
        payload
            The query string exactly as sent (GET, without ``?``) or the body exactly as sent (POST).
        """
        return self.sign(rest_text(str(timestamp_ms), self.key, str(recv_window_ms), payload))

    def ws_auth(self, expires_ms: int) -> str:
        """Sign the `auth` operation of the private and trade sockets."""
        return self.sign(ws_auth_text(expires_ms))


def rest_text(timestamp: str, key: str, recv_window: str, payload: bytes) -> bytes:
    """The text that a REST signature covers; header values are taken as they were sent."""
    return f"{timestamp}{key}{recv_window}".encode() + payload


def ws_auth_text(expires_ms: int) -> bytes:
    """The text that a socket's `auth` signature covers."""
    return b"GET/realtime%d" % expires_ms
