"""Talks to the admin endpoints of an exchange on this machine."""

from __future__ import annotations

import http.client
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec

from synthcore.errors import ConfigError, VenueUnreachable

TIMEOUT_S = 5.0


def control(rest: str, method: str, path: str, content: object = None) -> dict[str, Any]:
    """One request to `/admin/…`; its answer.

    Raises
    ------
    ConfigError
        The exchange doesn't take what was sent, and says why.
    VenueUnreachable
        It isn't there.
    """
    connection = connection_to(rest)
    body = msgspec.json.encode(content) if content is not None else None
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        reply: dict[str, Any] = msgspec.json.decode(answer.read())
    except OSError as error:
        raise VenueUnreachable(f"{rest}{path}: no answer ({error})") from error
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
    # Its certificate was made a moment ago, and nothing secret goes over this line.
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(address.netloc, timeout=TIMEOUT_S, context=context)
