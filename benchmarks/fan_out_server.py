"""Not a benchmark: one stream of market frames, carried to all clients in three ways, for fan-out figures.

Each way has a server of its own in this process. The first line of output has their ports. Then a line of
input, the name of a way, floods its clients; an empty line asks what that cost: CPU time of this process, ns.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import islice

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from synthcore.exchange.market.generator import Generator
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.public import PublicStream
from synthcore.exchange.pump import FRAMES_A_TURN
from synthcore.exchange.wire import framed
from synthcore.feed.thread import new_event_loop

FRAMES = 10_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
ACK = b'{"op":"subscribe"}'

Publish = Callable[[str, bytes], None]


def market() -> tuple[list[tuple[str, bytes]], frozenset[str]]:
    """Frames as the exchange makes them, topic and text, and all their topics."""
    generator = Generator(instruments_for(SYMBOLS), seed=1)
    return [(frame.topic, frame.text) for frame in islice(generator.frames(), FRAMES)], generator.topics


class EachSend(WSListener):
    """A connection that is sent each frame by itself."""

    def __init__(self, connected: set[WSTransport]) -> None:
        self._connected = connected

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._connected.add(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._connected.discard(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        else:
            transport.send(WSMsgType.TEXT, ACK)


async def ours(topics: frozenset[str]) -> tuple[int, Publish]:
    """The exchange's own public stream."""
    stream = PublicStream(topics, lambda topic, ts_ms: None, lambda: time.time_ns() // 1_000_000)
    return await picows_server(lambda request: stream.session("c")), stream.publish


async def each_send() -> tuple[int, Publish]:
    """picows, `send` for each frame and client."""
    connected: set[WSTransport] = set()

    def publish(topic: str, text: bytes) -> None:
        for transport in connected:
            transport.send(WSMsgType.TEXT, text)

    return await picows_server(lambda request: EachSend(connected)), publish


async def picows_server(accept: Callable[[WSUpgradeRequest], WSListener]) -> int:
    server = await ws_create_server(accept, "127.0.0.1", 0)
    return int(server.sockets[0].getsockname()[1])


async def websockets_broadcast() -> tuple[int, Publish]:
    """websockets, its `broadcast`."""
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    connected: set[ServerConnection] = set()

    async def handle(connection: ServerConnection) -> None:
        connected.add(connection)
        async for _ in connection:
            await connection.send(ACK.decode())
        connected.discard(connection)

    server = await serve(handle, "127.0.0.1", 0, compression=None)
    port = next(iter(server.sockets)).getsockname()[1]
    return port, lambda topic, text: broadcast(connected, text.decode())


async def flood(publish: Publish, frames: list[tuple[str, bytes]]) -> None:
    """All frames, as many in one turn of the loop as the exchange lets through."""
    for number, (topic, text) in enumerate(frames):
        if number % FRAMES_A_TURN == 0:
            await asyncio.sleep(0)
        publish(topic, text)


async def main() -> None:
    frames, topics = market()
    ways = {"ours": await ours(topics), "picows": await each_send()}
    if find_spec("websockets"):
        ways["websockets"] = await websockets_broadcast()
    said = {"ports": {way: port for way, (port, _) in ways.items()}, "topics": sorted(topics)}
    print(
        msgspec.json.encode(said | {"bytes": sum(len(framed(text)) for _, text in frames)}).decode(),
        flush=True,
    )
    loop = asyncio.get_running_loop()
    while way := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        before_ns = time.process_time_ns()
        await flood(ways[way][1], frames)
        await loop.run_in_executor(None, sys.stdin.readline)
        print(time.process_time_ns() - before_ns, flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
