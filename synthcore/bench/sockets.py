"""Questions about market data from a real loopback WebSocket into a queue."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import Any, Protocol

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from synthcore._core.affinity import choose_cores
from synthcore._core.kernel import Kernel
from synthcore._core.pipeline import Pipeline
from synthcore._core.ring import Ring
from synthcore._core.symbols import SymbolTable
from synthcore.bench.loops import sent_to_ring
from synthcore.bench.pairs import urgent
from synthcore.bench.question import Contenders, Effort, Measure, Question, Reading, latencies
from synthcore.bench.rivals import Native, package
from synthcore.bench.stream_server import SYMBOL, TOPIC, running
from synthcore.feed.listener import FeedListener
from synthcore.feed.thread import new_event_loop
from synthcore.qualification import QualificationRules

FLOOD_FRAMES = 20_000
PACED_FRAMES = 400
PERIOD_NS = 1_000_000
WAIT_S = 20.0
LOOK_S = 0.005
BURST = 32
RATES = (2_000_000, 1_000_000, 500_000, 250_000, 200_000, 100_000, 50_000)  # updates/s, tried in this order
RATE_FOR_S = 0.1
EPOLL = "C epoll client"
NATIVE = {"epoll_client": EPOLL, "tungstenite_client": "Rust tungstenite, serde_json"}  # by program
PICOWS = "picows in Python + msgspec"


class Client(Protocol):
    """One way to receive: counts what came, and knows how long each paced frame was on its way."""

    async def open(self, url: str) -> None: ...
    async def say(self, command: str) -> None: ...
    async def until(self, frames: int, due_s: float = 0.0) -> None: ...
    async def close(self) -> None: ...
    def taken_ns(self) -> list[float]: ...


def questions(native: Native) -> list[Question]:
    return [
        Question(
            name="socket.flat-out",
            asks="How many frames a second does one core take from a WebSocket, parsed, into a queue?",
            unit="M/s",
            more_is_better=True,
            contenders=lambda stack, effort: contenders(native, stack, effort, flood, native_flood),
            at_least=3.0,
            ratios={"websockets": 18.0, "aiohttp": 7.0},
        ),
        Question(
            name="socket.paced",
            asks="How long after it was due is a frame in the queue, at 1,000/s?",
            unit="ns",
            contenders=lambda stack, effort: contenders(native, stack, effort, paced, native_paced),
            ratios={EPOLL: 1 / 1.15},
        ),
        Question(
            name="socket.sustained",
            asks="How many updates a second go through socket, ring and strategy without a drop?",
            unit="updates/s",
            more_is_better=True,
            contenders=sustained,
            at_least=200_000.0,
        ),
    ]


def contenders(
    native: Native,
    stack: ExitStack,
    effort: Effort,
    measure: Callable[[type[Client], int, Effort], Coroutine[Any, Any, Reading]],
    measure_native: Callable[[Native, str, int, Effort], Reading],
) -> Contenders:
    feed_core, other_core = choose_cores()
    port = stack.enter_context(running(other_core))
    kinds: dict[str, type[Client]] = {"FeedListener → ring": Ours, PICOWS: InPython}
    if package("websockets") is not None:
        kinds["websockets"] = ByWebsockets
    if package("aiohttp") is not None:
        kinds["aiohttp"] = ByAiohttp

    def once(kind: type[Client]) -> Reading:
        with urgent(feed_core), asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(measure(kind, port, effort))

    found: Contenders = {name: bound(once, kind) for name, kind in kinds.items()}
    for program, name in NATIVE.items():
        if native.has(program):
            found[name] = partial(measure_native, native, program, port, effort)
    return found


def bound(once: Callable[[type[Client]], Reading], kind: type[Client]) -> Measure:
    return lambda: once(kind)


async def flood(kind: type[Client], port: int, effort: Effort) -> Reading:
    """Millions of frames for each second of this thread's processor time."""
    frames = effort.count(FLOOD_FRAMES)
    async with connected(kind, port) as client:
        begun_ns = time.thread_time_ns()
        await client.say(f"flood {frames}")
        await asyncio.wait_for(client.until(frames), WAIT_S)
        used_ns = time.thread_time_ns() - begun_ns
    return Reading(frames / used_ns * 1e3)


async def paced(kind: type[Client], port: int, effort: Effort) -> Reading:
    """Ns from the moment at which a frame was due to the moment at which it was queued."""
    frames = effort.count(PACED_FRAMES)
    async with connected(kind, port) as client:
        await client.say(f"paced {frames} {PERIOD_NS} 1")
        await asyncio.wait_for(client.until(frames, frames * PERIOD_NS / 1e9), WAIT_S)
    return latencies(client.taken_ns())


@asynccontextmanager
async def connected(kind: Callable[[], Client], port: int) -> AsyncIterator[Client]:
    client = kind()
    await client.open(f"ws://127.0.0.1:{port}/")
    try:
        yield client
    finally:
        await client.close()


def native_flood(native: Native, program: str, port: int, effort: Effort) -> Reading:
    frames = effort.count(FLOOD_FRAMES)
    found = native.run(program, port, f"flood {frames}", frames)
    return Reading(found.frames / found.cpu_ns * 1e3)


def native_paced(native: Native, program: str, port: int, effort: Effort) -> Reading:
    frames = effort.count(PACED_FRAMES)
    found = native.run(program, port, f"paced {frames} {PERIOD_NS} 1", frames)
    return latencies(found.samples_ns)


# ── ours ──────────────────────────────────────────────────────────────────────────────────────────────────


def listener_into(sink: Ring | Pipeline) -> FeedListener:
    symbols = SymbolTable()
    symbols.add(SYMBOL)
    return FeedListener(symbols, [TOPIC], sink)


class Ours:
    """The compiled listener, into a ring, or into the pipeline that has the ring."""

    def __init__(self, ring: Ring | None = None, sink: Pipeline | None = None) -> None:
        self.ring = Ring(4096) if ring is None else ring
        self._listener = listener_into(self.ring if sink is None else sink)
        self._transport: WSTransport

    @property
    def received(self) -> int:
        return self.ring.pushed

    async def open(self, url: str) -> None:
        self._transport, _ = await ws_connect(lambda: self._listener, url)

    async def say(self, command: str) -> None:
        self._transport.send(WSMsgType.TEXT, command.encode())

    async def until(self, frames: int, due_s: float = 0.0) -> None:
        """Look whether so many came, once they are due: a near timer costs each sleep of the loop."""
        await asyncio.sleep(due_s)
        while self.received < frames:
            await asyncio.sleep(LOOK_S)

    async def close(self) -> None:
        self._transport.disconnect(graceful=False)
        await self._transport.wait_disconnected()

    def taken_ns(self) -> list[float]:
        return [float(ns) for ns in sent_to_ring(self.ring)]


def sustained(stack: ExitStack, effort: Effort) -> Contenders:
    _, other_core = choose_cores()
    port = stack.enter_context(running(other_core))

    def measure() -> Reading:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            for rate in RATES:
                if runner.run(passes(port, rate, effort)):
                    return Reading(float(rate))
        return Reading(0.0)

    return {"whole pipeline, park": measure}


async def passes(port: int, rate: int, effort: Effort) -> bool:
    """Whether every update of a stream at this rate reached the strategy."""
    _, strategy_core = choose_cores()
    bursts = effort.count(int(rate * RATE_FOR_S / BURST))
    kernel = Kernel(1, QualificationRules())
    kernel.set_inputs(0, spread_bps=5.0, funding_delta=0.0, position_size=1000.0, fees_bps=11.0)
    with Pipeline(kernel) as pipeline:
        pipeline.start("park", strategy_core, urgent=True)
        async with connected(lambda: Ours(pipeline.updates, pipeline), port) as client:
            await client.say(f"paced {bursts * BURST} {int(1e9 * BURST / rate)} {BURST}")
            await asyncio.wait_for(client.until(bursts * BURST), WAIT_S)
    return pipeline.dropped == 0 and kernel.funnel()["updates"] == bursts * BURST


# ── rivals: decode, keep four fields, append to a deque ───────────────────────────────────────────────────


class Data(msgspec.Struct):
    bid1Price: str
    bid1Size: str
    ask1Price: str
    ask1Size: str


class Message(msgspec.Struct):
    ts: int
    data: Data


class Plain:
    """What all rivals do with a frame's text."""

    def __init__(self) -> None:
        self.received = 0
        self._decode = msgspec.json.Decoder(Message).decode
        self._queue: deque[tuple[float, float, float, float, int]] = deque(maxlen=4096)
        self._stamps_ns: list[float] = []
        self._wanted = 0
        self._arrived: asyncio.Future[None]

    def take(self, text: Any) -> None:
        message = self._decode(text)
        data = message.data
        self._queue.append(
            (
                float(data.bid1Price),
                float(data.ask1Price),
                float(data.bid1Size),
                float(data.ask1Size),
                message.ts,
            )
        )
        self._stamps_ns.append(float(time.monotonic_ns() - message.ts * 1000))
        self.received += 1
        if self.received == self._wanted:
            self._arrived.set_result(None)

    async def until(self, frames: int, due_s: float = 0.0) -> None:
        if self.received < frames:
            self._wanted = frames
            self._arrived = asyncio.get_running_loop().create_future()
            await self._arrived

    def taken_ns(self) -> list[float]:
        return self._stamps_ns


class InPython(Plain, WSListener):
    """picows with a listener in Python."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            self.take(frame.get_payload_as_memoryview())

    async def open(self, url: str) -> None:
        self._transport, _ = await ws_connect(lambda: self, url)

    async def say(self, command: str) -> None:
        self._transport.send(WSMsgType.TEXT, command.encode())

    async def close(self) -> None:
        self._transport.disconnect(graceful=False)
        await self._transport.wait_disconnected()


class ByWebsockets(Plain):
    async def open(self, url: str) -> None:
        client: Any = package("websockets.asyncio.client")
        self._connection = await client.connect(url, compression=None)

    async def say(self, command: str) -> None:
        await self._connection.send(command)

    async def until(self, frames: int, due_s: float = 0.0) -> None:
        while self.received < frames:
            self.take(await self._connection.recv(decode=False))

    async def close(self) -> None:
        await self._connection.close()


class ByAiohttp(Plain):
    async def open(self, url: str) -> None:
        aiohttp: Any = package("aiohttp")
        self._session = aiohttp.ClientSession()
        self._connection = await self._session.ws_connect(url)

    async def say(self, command: str) -> None:
        await self._connection.send_str(command)

    async def until(self, frames: int, due_s: float = 0.0) -> None:
        while self.received < frames:
            self.take((await self._connection.receive()).data)

    async def close(self) -> None:
        await self._connection.close()
        await self._session.close()
