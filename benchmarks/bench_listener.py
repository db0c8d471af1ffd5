"""How long do 20,000 ticker frames take from loopback into a queue, against picows in Python + msgspec?

Another process sends them as fast as it can, 32 a write, always the same; so the figure is the whole way:
kernel, event loop, WebSocket framing, parsing, merging, queueing. Divide by 20,000. Ours also judges each
quote and checks its order; the rival merges four fields and appends to a deque.
Each flood starts from the same snapshot, so the listener is told of a new link before each.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flood_server import FRAMES
from msgspec import Struct
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore._core.ring import Ring
from synthcore._core.symbols import SymbolTable
from synthcore.feed.listener import FeedListener
from synthcore.feed.thread import new_event_loop

TOPIC = "tickers.BTCUSDT"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    script = Path(__file__).with_name("flood_server.py")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"ws://127.0.0.1:{int(server.stdout.readline())}/"
        finally:
            server.terminate()


class Ours:
    """The compiled listener, into the ring."""

    def __init__(self) -> None:
        symbols = SymbolTable()
        symbols.add("BTCUSDT")
        self.ring = Ring(4096)
        self.listener = FeedListener(symbols, [TOPIC], self.ring)
        self.listener.on_reply = lambda reply: self.done.set_result(None)
        self.done: asyncio.Future[None]

    def begin(self, transport: WSTransport, done: asyncio.Future[None]) -> None:
        self.done = done
        self.listener.on_ws_connected(transport)

    @property
    def queued(self) -> int:
        return self.ring.pushed


class Data(Struct):
    bid1Price: str | None = None
    bid1Size: str | None = None
    ask1Price: str | None = None
    ask1Size: str | None = None


class Message(Struct):
    topic: str = ""
    ts: int = 0
    data: Data | None = None


class InPython(WSListener):
    """picows with a listener in Python, msgspec, a merge of four fields, a deque."""

    def __init__(self) -> None:
        self.listener = self
        self.decode: Any = msgspec.json.Decoder(Message).decode
        self.queue: deque[tuple[float, float, float, float, int]] = deque(maxlen=4096)
        self.bid, self.bid_size, self.ask, self.ask_size = 0.0, 0.0, 0.0, 0.0
        self.queued = 0
        self.done: asyncio.Future[None]

    def begin(self, transport: WSTransport, done: asyncio.Future[None]) -> None:
        self.done = done

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        message = self.decode(frame.get_payload_as_memoryview())
        data = message.data
        if data is None:
            self.done.set_result(None)
            return
        if data.bid1Price is not None:
            self.bid, self.bid_size = float(data.bid1Price), float(data.bid1Size)
        if data.ask1Price is not None:
            self.ask, self.ask_size = float(data.ask1Price), float(data.ask1Size)
        self.queue.append((self.bid, self.ask, self.bid_size, self.ask_size, message.ts))
        self.queued += 1


@pytest.mark.parametrize("receiver", [Ours, InPython])
def test_flood(benchmark: BenchmarkFixture, url: str, receiver: type[Ours] | type[InPython]) -> None:
    benchmark.extra_info["items"] = FRAMES
    client = receiver()
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        transport, _ = runner.run(ws_connect(lambda: client.listener, url))

        async def flood() -> None:
            done = asyncio.get_running_loop().create_future()
            client.begin(transport, done)
            transport.send(WSMsgType.TEXT, b"go")
            await done

        benchmark.pedantic(lambda: runner.run(flood()), rounds=15, warmup_rounds=2)
        transport.disconnect(graceful=False)
        runner.run(transport.wait_disconnected())

    assert client.queued % FRAMES == 0
    assert client.queued > 0
