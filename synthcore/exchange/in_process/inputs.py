"""What comes into an exchange, as data: of a call or connection in this process, of a socket, of a log.

Texts are bytes read as Latin-1: every byte is one character, and what is ASCII can be read.
"""

from __future__ import annotations

from msgspec import Struct

from synthcore.venues.bybit.hosts import Environment


class Input(Struct, frozen=True, kw_only=True, tag_field="in", omit_defaults=True):
    """Something that came in."""

    channel: int  # the call or connection that it belongs to, counted from 1
    at_ns: int = 0  # since the start; only a log knows it


class CallCame(Input, frozen=True, tag="call"):
    """A whole HTTP request."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case
    body: str = ""
    client: str = "127.0.0.1"
    flavour: Environment = "mainnet"


class CallerLeft(Input, frozen=True, tag="left"):
    """The connection of a call ended before its answer."""


class SocketAsked(Input, frozen=True, tag="connect"):
    """A WebSocket handshake."""

    path: str
    flavour: Environment = "mainnet"


class SocketOpened(Input, frozen=True, tag="open"):
    """The handshake is over: messages may go both ways."""


class FrameCame(Input, frozen=True, tag="frame"):
    """One frame of a client."""

    content: str = ""
    opcode: int = 1  # text
    is_last: bool = True  # of its message


class SocketEnded(Input, frozen=True, tag="end"):
    """The connection is gone."""


AnyInput = CallCame | CallerLeft | SocketAsked | SocketOpened | FrameCame | SocketEnded
