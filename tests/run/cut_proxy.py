"""A TCP relay in front of a server, which a test can cut."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit


class CutProxy:
    """Relays bytes both ways until `cut`; `refuse` turns new connections away."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_refusing = False
        self.url = ""

    async def __aenter__(self) -> CutProxy:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = self._target._replace(netloc=f"127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def refuse(self) -> None:
        self._is_refusing = True

    def accept(self) -> None:
        self._is_refusing = False

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_refusing:
            writer.transport.abort()
            return
        there_reader, there_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._writers |= {writer, there_writer}
        await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
