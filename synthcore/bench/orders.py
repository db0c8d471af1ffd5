"""Questions about one order: building it, and its way from the decision to the server's socket."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import httpx
import msgspec

from synthcore._core.affinity import choose_cores
from synthcore.bench.by_lane import to_server, written
from synthcore.bench.loops import answer_each
from synthcore.bench.pairs import urgent
from synthcore.bench.question import Contenders, Effort, Measure, Question, Reading, latencies, median_of
from synthcore.bench.rivals import package
from synthcore.feed.thread import new_event_loop
from synthcore.model import OrderRequest
from synthcore.orders.bybit import create_order
from synthcore.orders.rest import RestClient
from synthcore.orders.socket import TradeSocket
from synthcore.secret import Secret
from synthcore.venues.bybit.signing import Signer

ORDERS = 100
WARM_UP = 10
LEAVES_WITHIN_S = 2.0
BUILDS = 1000
WRITES = 100_000
WINDOW_MS = 1000
PATH = "/v5/order/create"
KEY, SECRET = "benchBenchBenchBen", "benchBenchBenchBenchBenchBenchBench1"
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

ORDER = OrderRequest(
    symbol="BTCUSDT",
    side="Buy",
    qty=Decimal("0.016"),
    order_type="Limit",
    price=Decimal("59900.0"),
    link_id="st-0123456789abcdef-00000001-e",
    position_idx=1,
)
SIGNER = Signer(KEY, SECRET)

encode = msgspec.json.Encoder().encode


def now_ms() -> float:
    return time.time_ns() / 1e6


def questions() -> list[Question]:
    return [
        Question(
            name="order.build-frame",
            asks="How long does it take to build an order's frame for the trade socket?",
            unit="ns",
            contenders=lambda stack, effort: {
                "fast lane": written(ORDER, effort.count(WRITES)),
                "trade socket": built(trade_frame(), effort),
            },
            at_most=300.0,
        ),
        Question(
            name="order.build-rest",
            asks="How long does it take to build and sign an order's REST request?",
            unit="ns",
            contenders=lambda stack, effort: {
                "keyed copy": built(rest_request(), effort),
                "hmac.new + f-string": built(plain_request, effort),
            },
            at_most=3_000.0,
        ),
        Question(
            name="order.to-server",
            asks="How long from the decision until a server has an order's last byte?",
            unit="ns",
            contenders=lambda stack, effort: ways(effort),
            at_most=16_000.0,
            p99_at_most=30_000.0,
        ),
    ]


# ── building ──────────────────────────────────────────────────────────────────────────────────────────────


def built(build: Callable[[], object], effort: Effort) -> Measure:
    """Ns for one."""
    builds = effort.count(BUILDS)

    def once() -> float:
        begun_ns = time.monotonic_ns()
        for _ in range(builds):
            build()
        return (time.monotonic_ns() - begun_ns) / builds

    return lambda: median_of(once)


def trade_frame() -> Callable[[], object]:
    entry = TradeSocket("ws://127.0.0.1/", Signer(KEY, SECRET), now_ms)
    return lambda: entry.call_frame("1", PATH, encode(create_order(ORDER)), WINDOW_MS)


def rest_request() -> Callable[[], object]:
    """The body and the signed headers: what httpx adds to them is in the way to the server."""
    client = RestClient(("http://127.0.0.1",), Secret(KEY), Secret(SECRET))

    def build() -> object:
        body = encode(create_order(ORDER))
        return body, client.signed_headers(body, WINDOW_MS)

    return build


def plain_request() -> tuple[str, dict[str, str]]:
    """As one would write it first."""
    body = (
        f'{{"category":"linear","symbol":"{ORDER.symbol}","side":"{ORDER.side}","orderType":"Limit",'
        f'"qty":"{ORDER.qty}","price":"{ORDER.price}","timeInForce":"IOC","positionIdx":1,'
        f'"orderLinkId":"{ORDER.link_id}"}}'
    )
    timestamp = str(int(now_ms()))
    text = f"{timestamp}{KEY}{WINDOW_MS}{body}"
    return body, {
        "X-BAPI-API-KEY": KEY,
        "X-BAPI-TIMESTAMP": timestamp,
        "X-BAPI-RECV-WINDOW": str(WINDOW_MS),
        "X-BAPI-SIGN": hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest(),
    }


# ── a server that stamps ──────────────────────────────────────────────────────────────────────────────────


class Sink(NamedTuple):
    """A server's port, and the stamps of what has come: complete when the server has ended."""

    port: int
    stamps_ns: list[int]


@contextmanager
def sink(serve: Callable[[socket.socket], list[int]]) -> Iterator[Sink]:
    """Take one connection in a thread of its own, on the other core, spinning without the interpreter."""
    _, other_core = choose_cores()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        found = Sink(listening.getsockname()[1], [])

        def run() -> None:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection, urgent(other_core):
                found.stamps_ns.extend(serve(connection))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            thread.join(LEAVES_WITHIN_S)  # a client that was interrupted may not have hung up


def serve_http(orders: int) -> Callable[[socket.socket], list[int]]:
    body = b'{"retCode":0,"retMsg":"OK","result":{"orderId":"1","orderLinkId":""},"retExtInfo":{},"time":0}'
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    replies = [head.encode() + body] * orders
    return lambda connection: answer_each(connection.fileno(), replies, b"}")


def serve_socket(orders: int) -> Callable[[socket.socket], list[int]]:
    """Upgrade, accept the authentication, then answer each call by its number."""
    replies = [
        text_frame(b'{"reqId":"%d","retCode":0,"op":"order.create","data":{"orderId":"1"}}' % number)
        for number in range(1, 1 + orders)
    ]

    def serve(connection: socket.socket) -> list[int]:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += connection.recv(4096)
        key = request.lower().partition(b"sec-websocket-key:")[2]
        key = request[len(request) - len(key) :].partition(b"\r\n")[0].strip()
        accept = b64encode(hashlib.sha1(key + WEBSOCKET_GUID, usedforsecurity=False).digest())
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        connection.recv(4096)
        connection.sendall(text_frame(b'{"op":"auth","retCode":0}'))
        return answer_each(connection.fileno(), replies, b"")

    return serve


def text_frame(text: bytes) -> bytes:
    """One unmasked text frame of less than 126 bytes."""
    return bytes([0x81, len(text)]) + text


# ── the ways ──────────────────────────────────────────────────────────────────────────────────────────────

Act = Callable[[], object]
Await = Callable[[], Awaitable[object]]
Serve = Callable[[int], Callable[[socket.socket], list[int]]]


def ways(effort: Effort) -> Contenders:
    orders = effort.count(ORDERS)
    found: Contenders = {
        "fast lane": to_server(lambda: sink(serve_socket(2 * (WARM_UP + orders))), ORDER, WARM_UP, orders),
        "trade socket": in_loop(trade_socket, serve_socket, orders),
        "REST, ours": in_loop(our_rest, serve_http, orders),
        "httpx": in_loop(bare_httpx, serve_http, orders),
        "http.client": by_calls(http_client, serve_http, orders),
        "raw socket": by_calls(raw_socket, serve_http, orders),
    }
    if package("websockets") is not None:
        found["websockets"] = in_loop(by_websockets, serve_socket, orders)
    if package("aiohttp") is not None:
        found["aiohttp"] = in_loop(by_aiohttp, serve_http, orders)
    if package("pycurl") is not None:
        found["pycurl"] = by_calls(by_pycurl, serve_http, orders)
    return found


def in_loop(open_way: Callable[[int], Awaitable[tuple[Await, Await]]], serve: Serve, orders: int) -> Measure:
    """For a way that needs an event loop."""

    async def place_all(port: int) -> list[int]:
        place, close = await open_way(port)
        decided_ns = []
        try:
            for _ in range(WARM_UP + orders):
                decided_ns.append(time.monotonic_ns())
                await place()
        finally:
            await close()
        return decided_ns

    def run(port: int) -> list[int]:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(place_all(port))

    return measured(run, serve, orders)


def by_calls(open_way: Callable[[int], tuple[Act, Act]], serve: Serve, orders: int) -> Measure:
    """For a way that blocks."""

    def place_all(port: int) -> list[int]:
        place, close = open_way(port)
        decided_ns = []
        for _ in range(WARM_UP + orders):
            decided_ns.append(time.monotonic_ns())
            place()
        close()
        return decided_ns

    return measured(place_all, serve, orders)


def measured(place_all: Callable[[int], list[int]], serve: Serve, orders: int) -> Measure:
    """Ns from each decision to the server's stamp; the first orders only warm up."""

    def measure() -> Reading:
        feed_core, _ = choose_cores()
        with sink(serve(WARM_UP + orders)) as server, urgent(feed_core):
            decided_ns = place_all(server.port)
        assert len(server.stamps_ns) == len(decided_ns)
        taken = [came - decided for came, decided in zip(server.stamps_ns, decided_ns, strict=True)]
        return latencies([float(ns) for ns in taken[WARM_UP:]])

    return measure


async def trade_socket(port: int) -> tuple[Await, Await]:
    entry = TradeSocket(f"ws://127.0.0.1:{port}/v5/trade", Signer(KEY, SECRET), now_ms)
    await entry.start()
    return lambda: entry.order_call(PATH, encode(create_order(ORDER)), WINDOW_MS), entry.close


async def our_rest(port: int) -> tuple[Await, Await]:
    client = RestClient((f"http://127.0.0.1:{port}",), Secret(KEY), Secret(SECRET))
    return lambda: client.order_call(PATH, encode(create_order(ORDER)), WINDOW_MS), client.close


def request() -> tuple[bytes, dict[str, str]]:
    """What the rivals send: built as ours is, so that only the way differs."""
    body = encode(create_order(ORDER))
    timestamp_ms = int(now_ms())
    return body, {
        "Content-Type": "application/json",
        "X-BAPI-API-KEY": KEY,
        "X-BAPI-TIMESTAMP": str(timestamp_ms),
        "X-BAPI-RECV-WINDOW": str(WINDOW_MS),
        "X-BAPI-SIGN": SIGNER.rest(timestamp_ms, WINDOW_MS, body),
    }


async def bare_httpx(port: int) -> tuple[Await, Await]:
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False)

    async def place() -> object:
        body, headers = request()
        return await client.post(PATH, content=body, headers=headers)

    return place, client.aclose


async def by_aiohttp(port: int) -> tuple[Await, Await]:
    aiohttp: Any = package("aiohttp")
    session = aiohttp.ClientSession()

    async def place() -> object:
        body, headers = request()
        async with session.post(f"http://127.0.0.1:{port}{PATH}", data=body, headers=headers) as answer:
            return await answer.read()

    return place, session.close


async def by_websockets(port: int) -> tuple[Await, Await]:
    client: Any = package("websockets.asyncio.client")
    connection = await client.connect(f"ws://127.0.0.1:{port}/", compression=None)
    await connection.send("{}")
    await connection.recv()

    async def place() -> object:
        await connection.send(
            encode(
                {
                    "reqId": "1",
                    "header": {
                        "X-BAPI-TIMESTAMP": str(int(now_ms())),
                        "X-BAPI-RECV-WINDOW": str(WINDOW_MS),
                    },
                    "op": "order.create",
                    "args": [msgspec.Raw(encode(create_order(ORDER)))],
                }
            ),
            text=True,
        )
        return await connection.recv()

    return place, lambda: connection.close(code=1000)


def http_client(port: int) -> tuple[Act, Act]:
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def place() -> object:
        body, headers = request()
        connection.request("POST", PATH, body, headers)
        return connection.getresponse().read()

    return place, connection.close


def raw_socket(port: int) -> tuple[Act, Act]:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def place() -> object:
        body, headers = request()
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        connection.sendall(head.encode() + body)
        return connection.recv(4096)

    return place, connection.close


def by_pycurl(port: int) -> tuple[Act, Act]:
    pycurl: Any = package("pycurl")
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, f"http://127.0.0.1:{port}{PATH}")
    curl.setopt(pycurl.PROXY, "")

    def place() -> object:
        body, headers = request()
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in headers.items()])
        curl.setopt(pycurl.POSTFIELDS, body)
        return curl.perform_rs()

    return place, curl.close
