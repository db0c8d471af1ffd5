"""The control socket of a running process: only its own user may speak to it."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from synthcore.engine.control_messages import SOCKET, Answer, Request, socket_path
from synthcore.errors import ConfigError

log = logging.getLogger(__name__)

LAST_ANSWERS_S = 1.0

Perform = Callable[[Request], Awaitable[Answer]]


@asynccontextmanager
async def control_socket(folder: Path, perform: Perform) -> AsyncIterator[None]:
    """Serve requests meanwhile; what is still being answered at the end is let out.

    Raises
    ------
    ConfigError
        Another process listens there.
    OSError
        The folder can't be written.
    """
    listener = listening(folder)
    mark = os.stat(folder / SOCKET)
    service = Service(perform)
    server = await asyncio.start_unix_server(service.serve, sock=listener)
    try:
        yield
    finally:
        server.close()
        await service.close()
        with suppress(OSError):
            if os.path.samestat(mark, os.stat(folder / SOCKET)):
                os.unlink(folder / SOCKET)


def listening(folder: Path) -> socket.socket:
    """Listen in the folder; what a dead process left there is replaced."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with socket_path(folder) as path:
            if is_served(path):
                raise ConfigError(
                    f"one run a state folder can be controlled, another one listens on {folder / SOCKET};"
                    " give this one a --state of its own"
                )
            with suppress(FileNotFoundError):
                os.unlink(path)
            listener.bind(path)
            os.chmod(path, 0o600)  # before anyone can connect
        listener.listen()
    except BaseException:
        listener.close()
        raise
    return listener


def is_served(path: str) -> bool:
    """Whether a process listens there."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
        try:
            knock.connect(path)
        except OSError:
            return False
        return True


class Service:
    """Answers every line of every connection."""

    def __init__(self, perform: Perform) -> None:
        self._perform = perform
        self._answering: set[asyncio.Task[None]] = set()
        self._lines: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def close(self) -> None:
        """Let out what is being answered, then hang up."""
        if self._answering:
            await asyncio.wait(self._answering, timeout=LAST_ANSWERS_S)
        for writer in self._lines.values():
            writer.close()
        if self._lines:
            await asyncio.wait(self._lines, timeout=LAST_ANSWERS_S)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not is_of_our_user(writer):
            writer.close()
            return
        me = asyncio.current_task()
        assert me is not None
        self._lines[me] = writer
        try:
            while line := await reader.readline():
                task = asyncio.create_task(self._answer(line, writer), name="control")
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)
                await task
        except (OSError, ValueError) as error:  # who asked is gone, or wrote a line without an end
            log.info("control: %s", error)
        finally:
            del self._lines[me]
            writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            request = msgspec.json.decode(line, type=Request)
        except msgspec.DecodeError as error:
            answer = Answer(ok=False, lines=(f"a request must be one JSON object a line: {error}",))
        else:
            log.info("control: %s", request)
            answer = await self._perform(request)
        writer.write(msgspec.json.encode(answer) + b"\n")
        await writer.drain()


def is_of_our_user(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end is a process of this user, as the kernel says (the file's mode says so too)."""
    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as peer:
        size = struct.calcsize("3i")
        _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return uid in (os.getuid(), 0)
