"""What does a market frame cost the exchange to carry to its clients, against `websockets` and one send each?

10,000 frames of the generated market (three contracts, all topics, 320 bytes on average) go out as the
exchange does it when it catches up, 64 a turn of its loop; the clients read bytes and look at nothing. What
a frame costs to make and to apply to the exchange's state is not in it.
`cost` is the serving process's CPU time for one frame and client, with four clients; `flow` the time that
passes for one frame with one client, from the first to the last byte read.
`whole` is the same cost for the exchange itself, as a process, its making and applying of the generated
frames included: `behind`, with a market far faster than can be kept up with, and at the market's `own_pace`.
"""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Thread
from urllib.parse import urlsplit

import msgspec
import pytest
from fan_out_server import FRAMES
from harness import StampTimer, helper_process
from msgspec import Struct
from order_client import cpu_ns
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

WAYS = ("ours", "picows", "websockets")
CLIENTS = 4
CHUNK = 1 << 20
CPU = StampTimer()

SPEEDS = {"behind": 10_000.0, "own_pace": 1.0}  # of the market; three contracts have 163 frames a second
A_ROUND = {"behind": FRAMES, "own_pace": 200}  # frames
LOOK_S = 0.002
KINDS = ("tickers", "orderbook.1", "orderbook.50", "orderbook.200", "publicTrade")
BEGINS = b'{"topic":'  # each frame


class Market(Struct):
    """What the serving process says at first; `bytes` of one flood, headers included."""

    ports: dict[str, int]
    topics: list[str]
    bytes: int


class Served:
    """The serving process and what it serves."""

    def __init__(self, process: subprocess.Popen[str], market: Market) -> None:
        self._process = process
        self._market = market

    @contextmanager
    def clients(self, way: str, count: int) -> Iterator[list[socket.socket]]:
        if way not in self._market.ports:
            pytest.skip(f"{way} is not installed")
        with ExitStack() as stack:
            port, topics = self._market.ports[way], self._market.topics
            yield [stack.enter_context(connect(port, topics)) for _ in range(count)]

    def flood(self, way: str, clients: list[socket.socket]) -> int:
        """All frames to all clients; returns the CPU time that this took the serving process, ns."""
        readers = [Thread(target=read, args=(client, self._market.bytes)) for client in clients]
        for reader in readers:
            reader.start()
        self._say(way)
        for reader in readers:
            reader.join()
        self._say("")
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


class Reader(Thread):
    """A client that reads all there is, and counts the frames."""

    def __init__(self, client: socket.socket) -> None:
        super().__init__()
        self.frames = 0
        self._client = client

    def run(self) -> None:
        text = b""
        with suppress(ConnectionResetError):  # the exchange may be in the middle of a frame when it ends
            while more := self._client.recv(CHUNK):
                text = text[1 - len(BEGINS) :] + more
                self.frames += text.count(BEGINS)

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.shutdown(socket.SHUT_RDWR)
        self.join()


def connect(port: int, topics: list[str]) -> socket.socket:
    """A client that is subscribed to everything."""
    client = socket.create_connection(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall(
        "GET /v5/public/linear HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    read_until(client, b"\r\n\r\n")
    request = msgspec.json.encode({"op": "subscribe", "args": topics})
    client.sendall(b"\x81\xfe" + len(request).to_bytes(2, "big") + bytes(4) + request)  # masked with zeros
    read_until(client, b'"op":"subscribe"}')
    return client


def read(client: socket.socket, count: int) -> None:
    buffer = bytearray(CHUNK)
    while count:
        count -= client.recv_into(buffer, min(count, CHUNK))


def read_until(client: socket.socket, end: bytes) -> None:
    text = b""
    while not text.endswith(end):
        text += client.recv(1)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with helper_process("fan_out_server.py") as (process, line):
        yield Served(process, msgspec.json.decode(line, type=Market))


@pytest.mark.benchmark(group="cost", timer=CPU)
@pytest.mark.parametrize("way", WAYS)
def test_cost(benchmark: BenchmarkFixture, served: Served, way: str) -> None:
    benchmark.extra_info["items"] = FRAMES * CLIENTS
    with served.clients(way, CLIENTS) as clients:
        benchmark.pedantic(lambda: CPU.add(served.flood(way, clients)), rounds=8, warmup_rounds=1)


@pytest.mark.benchmark(group="flow")
@pytest.mark.parametrize("way", WAYS)
def test_flow(benchmark: BenchmarkFixture, served: Served, way: str) -> None:
    benchmark.extra_info["items"] = FRAMES
    with served.clients(way, 1) as clients:
        benchmark.pedantic(lambda: served.flood(way, clients), rounds=8, warmup_rounds=1)


@pytest.mark.benchmark(group="whole", timer=CPU)
@pytest.mark.parametrize("pace", SPEEDS)
def test_whole(benchmark: BenchmarkFixture, pace: str) -> None:
    with ExitStack() as stack:
        ready = stack.enter_context(ExchangeProcess(ExchangeSettings(speed=SPEEDS[pace])))
        port = urlsplit(ready.ws_public).port
        assert port is not None
        topics = [f"{kind}.{symbol}" for kind in KINDS for symbol in ExchangeSettings().symbols]
        clients = [stack.enter_context(connect(port, topics)) for _ in range(CLIENTS)]
        readers = [stack.enter_context(Reader(client)) for client in clients]

        def a_round() -> None:
            frames, spent_ns = readers[0].frames, cpu_ns(ready.pid)
            while readers[0].frames - frames < A_ROUND[pace]:
                time.sleep(LOOK_S)
            spent_ns = cpu_ns(ready.pid) - spent_ns
            CPU.add(spent_ns // (CLIENTS * (readers[0].frames - frames)))

        benchmark.pedantic(a_round, rounds=8, warmup_rounds=1)
