"""Talks to the control API of an exchange on this machine."""

from __future__ import annotations

import http.client
import ssl
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from synthcore.errors import ConfigError, VenueUnreachable
from synthcore.secret import Secret

TIMEOUT_S = 5.0


class Control(Protocol):
    """The control API of an exchange, wherever that runs."""

    def get(self, path: str) -> dict[str, Any]: ...

    def post(self, path: str, content: object) -> dict[str, Any]: ...

    def delete(self, path: str) -> dict[str, Any]: ...


class ControlClient:
    """One request at a time to `/_control/…`, each on a connection of its own.

    Parameters
    ----------
    rest
        The exchange's REST address.
    token
        What its ready line says, or what it was given.
    """

    def __init__(self, rest: str, token: str) -> None:
        self._rest = rest
        self._token = Secret(token)

    def get(self, path: str) -> dict[str, Any]:
        return self._ask("GET", path)

    def post(self, path: str, content: object) -> dict[str, Any]:
        return self._ask("POST", path, msgspec.json.encode(content))

    def delete(self, path: str) -> dict[str, Any]:
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        """One request; its answer.

        Raises
        ------
        ConfigError
            The exchange doesn't take what was sent, and says why.
        VenueUnreachable
            It isn't there.
        """
        connection = connection_to(self._rest)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self._token.reveal()}"})
            answer = connection.getresponse()
            reply: dict[str, Any] = msgspec.json.decode(answer.read())
        except OSError as error:
            raise VenueUnreachable(f"{self._rest}{path}: no answer ({error})") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise ConfigError(f"{path}: {reply.get('error', f'HTTP {answer.status}')}")
        return reply


def connection_to(rest: str) -> http.client.HTTPConnection:
    """A connection to an exchange of this machine, plain or TLS."""
    address = urlsplit(rest)
    if address.scheme != "https":
        return http.client.HTTPConnection(address.netloc, timeout=TIMEOUT_S)
    # Its certificate was made a moment ago, and the line doesn't leave this machine.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(address.netloc, timeout=TIMEOUT_S, context=context)
