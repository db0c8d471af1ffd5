"""One exchange that is asked: its calls and sockets, and everything that it said, filed by call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import msgspec

from synthcore.environment import Credentials, Environment
from synthcore.errors import VenueUnreachable
from synthcore.orders.plain_socket import PlainSocket
from synthcore.orders.rest import RestClient
from synthcore.secret import MASK, Secret
from synthcore.venues.bybit.messages import OpRequest
from synthcore.venues.bybit.signing import Signer

NO_KEY = Credentials(api_key=Secret(""), api_secret=Secret(""))
HEADERS = (
    "content-type",
    "traceid",
    "x-bapi-limit",
    "x-bapi-limit-status",
    "x-bapi-limit-reset-timestamp",
)
REPLY_WITHIN_S = 5.0
SPACING_S = 0.12  # between calls, so that no limit of calls a second is met


class Party:
    """One exchange, and its transcript.

    Parameters
    ----------
    credentials
        None: only what needs no key can be asked.
    spacing_s
        Pause before each call.
    """

    def __init__(
        self, environment: Environment, credentials: Credentials | None, spacing_s: float = SPACING_S
    ) -> None:
        self.environment = environment
        self._spacing_s = spacing_s
        self.transcript: dict[str, list[Any]] = {}
        key = credentials or NO_KEY
        self._key = key.api_key
        self._signer = Signer(key.api_key.reveal(), key.api_secret.reveal())
        self._rest = RestClient(environment.rest_urls[:1], key.api_key, key.api_secret)
        self._sockets: list[PlainSocket] = []

    async def open(self) -> None:
        """Learn the exchange's clock: what is signed bears its time."""
        await self._rest.sync_server_time()

    async def close(self) -> None:
        for socket in self._sockets:
            await socket.close()
        await self._rest.close()

    def keep(self, call: str, message: Any) -> None:
        """File what was said under the call's name."""
        self.transcript.setdefault(call, []).append(message)

    # REST

    async def get(self, path: str, params: dict[str, str], signed: bool = True, note: str = "") -> Any:
        return await self._call("GET", path, urlencode(params).encode(), signed, note)

    async def post(self, path: str, body: dict[str, Any], note: str = "") -> Any:
        return await self._call("POST", path, msgspec.json.encode(body), True, note)

    async def _call(self, method: str, path: str, payload: bytes, signed: bool, note: str) -> Any:
        await asyncio.sleep(self._spacing_s)
        response = await self._rest.call_as_is(method, path, payload, signed)
        body = self.decoded(response.content)
        headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
        call = f"{method} {path}" + (f" ({note})" if note else "")
        self.keep(call, {"status": response.status_code, "headers": headers, "body": body})
        return body

    def decoded(self, text: bytes) -> Any:
        """Decode an answer; our key in it is masked before anything can print it."""
        if self._key:
            text = text.replace(self._key.reveal().encode(), MASK.encode())
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return "no JSON"

    # Sockets

    async def socket(self, url: str) -> Conversation:
        """Open one more connection."""
        socket = PlainSocket(url, self._signer, self._rest.server_time_ms)
        await socket.start()
        self._sockets.append(socket)
        return Conversation(self, socket)


def dig(message: Any, *keys: str | int) -> Any:
    """What stands in a message under these keys; `""` where something on the way is otherwise or missing."""
    for key in keys:
        try:
            message = message[key]
        except (KeyError, IndexError, TypeError):
            return ""
    return message


class Conversation:
    """One socket of a party: requests with their replies, and what is pushed between them."""

    def __init__(self, party: Party, socket: PlainSocket) -> None:
        self._party = party
        self._socket = socket
        self.pushed: list[dict[str, Any]] = []

    async def sign_in(self, call: str, **fields: str) -> None:
        request: dict[str, Any] = msgspec.to_builtins(self._socket.auth_request())
        await self.ask(call, {**request, **fields})

    async def operate(
        self, call: str, op: str, topics: list[str | int] | None = None, req_id: str | None = None
    ) -> None:
        await self.ask(call, OpRequest(op=op, args=topics, req_id=req_id))

    async def ask(self, call: str, request: object) -> dict[str, Any]:
        """Send, and file the reply; pushes that come before it are kept for `until`."""
        self._socket.send(request)
        deadline_s = time.monotonic() + REPLY_WITHIN_S
        while (message := await self._next(deadline_s)) is not None:
            if "topic" not in message:
                self._party.keep(call, message)
                return message
            self.pushed.append(message)
        raise VenueUnreachable(f"{self._party.environment.name}: no reply to {call} in {REPLY_WITHIN_S:g} s")

    async def until(self, is_enough: Callable[[list[dict[str, Any]]], bool], within_s: float) -> None:
        """Take pushes until there are enough, or the time is over."""
        deadline_s = time.monotonic() + within_s
        while not is_enough(self.pushed):
            message = await self._next(deadline_s)
            if message is None:
                return
            self.pushed.append(message)

    async def _next(self, deadline_s: float) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(deadline_s - time.monotonic()):
                message: dict[str, Any] = self._party.decoded(await self._socket.messages.get())
        except TimeoutError:
            return None
        return message
