"""What a server has to know of an exchange: its application, its sockets, its accounts."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from picows import WSListener, WSUpgradeRequest, WSUpgradeResponseWithListener

from synthcore.exchange.control.door import ControlDoor
from synthcore.exchange.faults.tcp_front import TcpLines
from synthcore.exchange.flavour import Flavour
from synthcore.exchange.http_edge import Receive, Scope, Send
from synthcore.exchange.ready import AccountKey
from synthcore.exchange.settings import ExchangeSettings


class Application(Protocol):
    """REST, as ASGI has it."""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]: ...

    def end(self) -> None:
        """Let go of the connections that hang: the exchange is going away."""


class Door(Protocol):
    """One exchange, from the side of its servers."""

    @property
    def settings(self) -> ExchangeSettings: ...

    @property
    def flavour(self) -> Flavour: ...

    @property
    def control(self) -> ControlDoor: ...

    @property
    def lines(self) -> TcpLines | None:
        """The wire, where it can be made worse."""
        ...

    @property
    def http(self) -> Application: ...

    def session(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        """The session of a WebSocket path; None answers 404."""
        ...

    def open_accounts(self, settings: ExchangeSettings) -> tuple[AccountKey, ...]: ...

    def hang_up(self) -> None:
        """Close all connections: the exchange is going away."""
