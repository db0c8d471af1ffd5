"""A front of plain TCP before a port: where bytes come late, slowly, in slices, or not at all.

What is sent through it is what the exchange sends; only the wire is worse. It stands there where TCP
faults were asked for (setting `tcp_faults`, or a plan that has one), since a hop more costs time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from synthcore.exchange.line import Line
from synthcore.exchange.reset import close_by_reset

CHUNK_BYTES = 65536
TURNS_A_SECOND = 100  # of a narrow line: it sends its share of a second's bytes in each


class LineState(Struct, frozen=True):
    """What a direction of a line is like."""

    latency_ms: float = 0.0
    bytes_per_s: float | None = None
    slice_bytes: int | None = None
    pause_ms: float = 0.0  # between slices
    is_dead: bool = False


RIGHT = LineState()


class TcpLines:
    """The lines of an exchange: to its REST port and to its sockets, each in two directions."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], LineState] = {}
        self._changed = asyncio.Event()

    def of(self, line: str, direction: str) -> LineState:
        return self._states.get((line, direction), RIGHT)

    def change(self, lines: Iterable[str], directions: Sequence[str], **changes: Any) -> None:
        for line in lines:
            for direction in directions:
                self._states[line, direction] = replace(self.of(line, direction), **changes)
        self._tell()

    def set_right(self) -> None:
        self._states.clear()
        self._tell()

    async def alive(self, line: str, direction: str) -> None:
        """Wait until something gets through."""
        while self.of(line, direction).is_dead:
            await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@contextlib.asynccontextmanager
async def tcp_front(lines: TcpLines, line: str, listener: socket.socket, port: int) -> AsyncIterator[int]:
    """Stand before the port that the exchange has on loopback; gives the one in front."""
    host = listener.getsockname()[0]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(host, port)
        up = pump(reader, inner_writer, lines, line, "up")
        down = pump(inner_reader, writer, lines, line, "down")
        tasks = {asyncio.create_task(up), asyncio.create_task(down)}
        connections.update(tasks)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            connections.difference_update(tasks)
            inner_writer.transport.abort()
            writer.transport.abort()

    connections: set[asyncio.Task[None]] = set()
    server = await asyncio.start_server(serve, sock=listener)
    try:
        yield listener.getsockname()[1]
    finally:
        server.close()
        for task in connections:
            task.cancel()


async def pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    lines: TcpLines,
    line: str,
    direction: str,
) -> None:
    """Carry bytes one way until there are no more."""
    late = Line(writer.write)
    while True:
        try:
            chunk = await reader.read(CHUNK_BYTES)
        except ConnectionResetError:
            close_by_reset(writer.transport)
            return
        await lines.alive(line, direction)
        if not chunk:
            await asyncio.sleep(lines.of(line, direction).latency_ms / 1000)
            await close(writer)
            return
        await carry(chunk, lambda: lines.of(line, direction), late)
        await writer.drain()


async def carry(chunk: bytes, state: Callable[[], LineState], late: Line) -> None:
    """Send a chunk as the line is now, piece by piece."""
    while chunk:
        now = state()
        size, pause_s = piece_of(now, len(chunk))
        piece, chunk = chunk[:size], chunk[size:]
        late.put(piece, now.latency_ms / 1000)
        if pause_s:
            await asyncio.sleep(pause_s)


def piece_of(state: LineState, size: int) -> tuple[int, float]:
    """How many bytes go out at once, and the pause behind them, in seconds."""
    size, pause_s = min(size, state.slice_bytes or size), state.pause_ms / 1000 if state.slice_bytes else 0.0
    if state.bytes_per_s is not None:
        size = max(1, min(size, int(state.bytes_per_s / TURNS_A_SECOND)))
        pause_s = max(pause_s, size / state.bytes_per_s)
    return size, pause_s


async def close(writer: asyncio.StreamWriter) -> None:
    """Say that nothing follows, once everything is out."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
