"""Bybit V5 signatures: what is signed, and the keyed state that signs it."""

from __future__ import annotations

import hashlib
import hmac


class Signer:
    """Sign as one API key (HMAC key type).

    The key schedule runs once; each signature copies the keyed state, which is about twice as fast.
    """

    __slots__ = ("_keyed", "key")

    def __init__(self, key: str, secret: str) -> None:
        self.key = key
        self._keyed = hmac.new(secret.encode(), digestmod=hashlib.sha256)

    def __repr__(self) -> str:
        return f"Signer(key={self.key[:4]}…)"

    def sign(self, text: bytes) -> str:
        """HMAC-SHA256 of `text`, lower-case hex."""
        state = self._keyed.copy()
        state.update(text)
        return state.hexdigest()

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
