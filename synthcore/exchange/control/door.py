"""Who may enter the control API: this machine, with the token; everybody else finds no such path.

A token that is wrong is told so: nothing but the token is asked, in constant time.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from synthcore.errors import ConfigError
from synthcore.exchange.rest import Answer

PREFIX = "/_control/"
JSON_TYPE = b"application/json"

_encode = msgspec.json.Encoder(order="deterministic").encode


class ControlCall(Struct, frozen=True):
    """One call that was let in."""

    query: dict[str, str]
    body: bytes


Handler = Callable[[ControlCall], object]
Routes = Mapping[tuple[str, str], Handler]  # by method and path


class ControlDoor:
    """Routes below `/_control/`, answered with plain JSON.

    Parameters
    ----------
    token
        What a caller must bear; empty: there is no control API.
    """

    def __init__(self, token: str, routes: Iterable[Routes]) -> None:
        self.token = token
        self._expected = b"Bearer " + token.encode()
        self._routes = {place: handler for some in routes for place, handler in some.items()}

    def serves(self, scope: Mapping[str, Any]) -> bool:
        """Whether a request is for the control API; without a token, or from elsewhere, none is."""
        return bool(self.token) and scope["path"].startswith(PREFIX) and is_local(scope)

    def answer(self, scope: Mapping[str, Any], body: bytes) -> Answer:
        if not self._is_let_in(scope["headers"]):
            return _answer(401, {"error": "the token must be borne: `Authorization: Bearer TOKEN`"})
        handler = self._routes.get((scope["method"], scope["path"]))
        if handler is None:
            known = ", ".join(f"{method} {path}" for method, path in self._routes)
            return _answer(404, {"error": f"{scope['method']} {scope['path']} is none of {known}"})
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        try:
            return _answer(200, handler(ControlCall(query, body)))
        except (msgspec.DecodeError, ConfigError) as error:
            return _answer(400, {"error": str(error)})

    def _is_let_in(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        given = dict(headers).get(b"authorization", b"")
        return hmac.compare_digest(given, self._expected)


def is_local(scope: Mapping[str, Any]) -> bool:
    """Whether a request comes from this machine."""
    client = scope.get("client")
    return client is not None and is_loopback(client[0])


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _answer(status: int, content: object) -> Answer:
    body = _encode(content)
    length = (b"Content-Length", b"%d" % len(body))
    return Answer(status, body, [(b"Content-Type", JSON_TYPE), length])
