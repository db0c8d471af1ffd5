"""A client of an exchange in virtual time, signed as on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec

from synthcore.exchange.in_process.connection import InProcessConnection
from synthcore.exchange.in_process.exchange import InProcessExchange
from synthcore.exchange.ready import AccountKey
from synthcore.testing.virtual_clock import VirtualClock
from synthcore.venues.bybit.hosts import PRIVATE_PATH
from synthcore.venues.bybit.signing import Signer

RECV_WINDOW_MS = 5000
SIGN_IN_WITHIN_MS = 10_000


class VirtualClient:
    """Calls the exchange as the owner of an account, signed as on the wire."""

    def __init__(self, exchange: InProcessExchange, clock: VirtualClock, account: AccountKey) -> None:
        self._exchange = exchange
        self._clock = clock
        self._signer = Signer(account.api_key, account.api_secret)

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        """The answer's body.

        Raises
        ------
        AnswerLost
            The connection broke before there was an answer.
        """
        return await self._call("GET", path, urlencode(params), b"")

    async def post(self, path: str, **fields: Any) -> dict[str, Any]:
        """As `get`, with a JSON body."""
        return await self._call("POST", path, "", msgspec.json.encode(fields))

    async def _call(self, method: str, path: str, query: str, body: bytes) -> dict[str, Any]:
        now_ms = self._clock.now_ms
        headers = (
            ("x-bapi-api-key", self._signer.key),
            ("x-bapi-timestamp", str(now_ms)),
            ("x-bapi-recv-window", str(RECV_WINDOW_MS)),
            ("x-bapi-sign", self._signer.rest(now_ms, RECV_WINDOW_MS, query.encode() or body)),
        )
        answer = await self._exchange.call(method, path, query, headers, body)
        decoded: dict[str, Any] = msgspec.json.decode(answer.body)
        return decoded

    def stream(self, *topics: str, on_frame: Callable[[bytes], None] | None = None) -> InProcessConnection:
        """A private connection, signed in and subscribed."""
        connection = self._exchange.connect(PRIVATE_PATH, on_frame)
        expires_ms = self._clock.now_ms + SIGN_IN_WITHIN_MS
        args = [self._signer.key, expires_ms, self._signer.ws_auth(expires_ms)]
        for op, content in (("auth", args), ("subscribe", list(topics))):
            connection.send(msgspec.json.encode({"op": op, "args": content}).decode())
        return connection
