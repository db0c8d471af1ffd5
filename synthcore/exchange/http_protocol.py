"""uvicorn's HTTP protocol, with the way to its connection: an answer can be lost only there."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CONNECTION = "synthcore.connection"  # key of the scope


class ExchangeProtocol(HttpToolsProtocol):
    """Hands its transport on to the application."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[CONNECTION] = self.transport  # type: ignore[literal-required]
