"""Who calls: key, time window and signature of a request, refused in Bybit's words."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from msgspec import Struct

from synthcore.exchange.decimals import read_count
from synthcore.exchange.key_terms import ALL, KeyTerms
from synthcore.exchange.refusal import Refusal, params_error
from synthcore.venues.bybit.signing import Signer, rest_text

DEFAULT_RECV_WINDOW = "5000"  # ms
EARLY_LIMIT_MS = 1000  # a timestamp may be this much ahead of the server

KEY_HEADER = b"x-bapi-api-key"
TIMESTAMP_HEADER = b"x-bapi-timestamp"
RECV_WINDOW_HEADER = b"x-bapi-recv-window"
SIGN_HEADER = b"x-bapi-sign"

KEY_INVALID = Refusal(10003, "API key is invalid.")
IP_NOT_BOUND = Refusal(10010, "Unmatched IP, please check your API key's bound IP addresses.")
# Texts of the private socket; Bybit's own are not documented.
WS_SIGN_WRONG = Refusal(10004, "error sign!")
WS_EXPIRED = Refusal(-1, "request expired")


class ApiKey(Struct, frozen=True):
    """One key of one user."""

    uid: str
    signer: Signer
    terms: KeyTerms = ALL


class Authenticator:
    """The keys of this exchange."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    def add(self, uid: str, key: str, secret: str, terms: KeyTerms = ALL) -> None:
        self._keys[key] = ApiKey(uid, Signer(key, secret), terms)

    def owner(self, key: str) -> str:
        """The user of a key; empty: nobody has it."""
        return self._keys[key].uid if key in self._keys else ""

    def rest(
        self, headers: Mapping[bytes, bytes], payload: bytes, now_ms: int, client_ip: str = ""
    ) -> ApiKey | Refusal:
        """The key that signed a REST call, or why it is refused.

        Parameters
        ----------
        payload
            Query string or body, exactly as received.
        """
        key = headers.get(KEY_HEADER, b"").decode("latin-1")
        api_key = self._keys.get(key)
        if api_key is None:
            return KEY_INVALID
        if api_key.terms.is_bound_elsewhere(client_ip):
            return IP_NOT_BOUND
        timestamp = headers.get(TIMESTAMP_HEADER, b"").decode("latin-1")
        recv_window = headers.get(RECV_WINDOW_HEADER, b"").decode("latin-1")  # signed as it was sent
        refusal = check_window(timestamp, recv_window or DEFAULT_RECV_WINDOW, now_ms)
        if refusal is not None:
            return refusal
        text = rest_text(timestamp, key, recv_window, payload)
        signature = headers.get(SIGN_HEADER, b"")
        if not hmac.compare_digest(api_key.signer.sign(text).encode(), signature):
            return Refusal(10004, f"error sign! origin_string[{text.decode('utf-8', 'replace')}]")
        return api_key

    def socket(self, args: list[str | int] | None, now_ms: int, client_ip: str = "") -> ApiKey | Refusal:
        """The key that signed an `auth` operation, or why it is refused."""
        if args is None or len(args) != 3:
            return params_error("args")
        key, expires, signature = (str(arg) for arg in args)
        api_key = self._keys.get(key)
        if api_key is None:
            return KEY_INVALID
        if api_key.terms.is_bound_elsewhere(client_ip):
            return IP_NOT_BOUND
        expires_ms = read_count(expires)
        if expires_ms is None or expires_ms <= now_ms:
            return WS_EXPIRED
        if not hmac.compare_digest(api_key.signer.ws_auth(expires_ms).encode(), signature.encode()):
            return WS_SIGN_WRONG
        return api_key


def check_window(timestamp: str, recv_window: str, now_ms: int) -> Refusal | None:
    """Why a request that was sent at `timestamp` is not taken any more, or not yet."""
    sent_ms, window_ms = read_count(timestamp), read_count(recv_window)
    if sent_ms is None or window_ms is None:
        return params_error("timestamp")
    if not sent_ms - EARLY_LIMIT_MS < now_ms <= sent_ms + window_ms:
        return _outside_window(timestamp, now_ms, recv_window)
    return None


def _outside_window(timestamp: str, now_ms: int, recv_window: str) -> Refusal:
    return Refusal(
        10002,
        "invalid request, please check your server timestamp or recv_window param. "
        f"req_timestamp[{timestamp}],server_timestamp[{now_ms}],recv_window[{recv_window}]",
    )
