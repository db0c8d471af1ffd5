"""A real public stream on loopback that says what a test tells it to say."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

WAIT_S = 10.0  # a bound for what is to happen at once


def snapshot(symbol: str, bid: float = 100.0, ask: float = 100.5, ts: int = 1_000, size: str = "2") -> bytes:
    """A full ticker."""
    return ticker(symbol, "snapshot", ts, bid1Price=bid, bid1Size=size, ask1Price=ask, ask1Size=size)


def ticker(symbol: str, kind: str, ts: int, **fields: object) -> bytes:
    data = {"symbol": symbol} | {name: str(value) for name, value in fields.items()}
    frame = {"topic": f"tickers.{symbol}", "type": kind, "data": data, "cs": ts, "ts": ts}
    return json.dumps(frame, separators=(",", ":")).encode()


def book1(symbol: str, u: int, bid: float, ask: float, ts: int = 1_000) -> bytes:
    return book("orderbook.1", symbol, "snapshot", u, [(bid, 1.0)], [(ask, 1.0)], ts)


def book50(
    symbol: str, kind: str, u: int, bids: list[tuple[float, float]], asks: list[tuple[float, float]]
) -> bytes:
    return book("orderbook.50", symbol, kind, u, bids, asks, 1_000 + u)


def book(
    topic: str,
    symbol: str,
    kind: str,
    u: int,
    bids: list[tuple[float, float]],
    asks: list[tuple[float, float]],
    ts: int,
) -> bytes:
    data = {
        "s": symbol,
        "b": [[str(px), str(qty)] for px, qty in bids],
        "a": [[str(px), str(qty)] for px, qty in asks],
        "u": u,
        "seq": u,
    }
    frame = {"topic": f"{topic}.{symbol}", "type": kind, "ts": ts, "data": data, "cts": ts}
    return json.dumps(frame, separators=(",", ":")).encode()


class Session(WSListener):
    """One client. `requests` are the control messages that it sent."""

    def __init__(self, server: PublicServer) -> None:
        self.server = server
        self.requests: list[dict[str, Any]] = []
        self.transport: WSTransport

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.server.sessions.append(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT and not self.server.is_deaf:
            request = json.loads(frame.get_payload_as_bytes())
            self.requests.append(request)
            self.server.answer(self, request)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.server.sessions.remove(self)

    def send(self, *messages: bytes) -> None:
        for message in messages:
            self.transport.send(WSMsgType.TEXT, message)

    def send_frame(self, kind: WSMsgType, payload: bytes, fin: bool = True) -> None:
        self.transport.send(kind, payload, fin)

    def reply(self, request: dict[str, Any], success: bool = True, text: str = "") -> None:
        words = {"success": success, "ret_msg": text, "conn_id": "c", "req_id": request.get("req_id", "")}
        self.send(json.dumps(words | {"op": request["op"]}).encode())

    def cut(self) -> None:
        """End the connection without a word."""
        self.transport.disconnect(graceful=False)

    def asked(self, op: str) -> list[list[str]]:
        return [request.get("args", []) for request in self.requests if request["op"] == op]


class PublicServer:
    """Answers as Bybit does, unless told otherwise; frames come from `on_topic` at each subscription."""

    def __init__(
        self,
        on_topic: Callable[[str], list[bytes]] | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.ssl_context = ssl_context
        self.on_topic = on_topic or default_frames
        self.refused: set[str] = set()
        self.is_deaf = False  # takes connections and says nothing
        self.acks_last = False  # data before the answer
        self.sessions: list[Session] = []
        self.served = 0
        self._server: asyncio.Server

    async def __aenter__(self) -> PublicServer:
        self._server = await ws_create_server(
            self._accept, "127.0.0.1", 0, use_aiofastnet=False, ssl=self.ssl_context
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for session in list(self.sessions):
            session.cut()
        await until(lambda: not self.sessions)

    @property
    def url(self) -> str:
        scheme = "wss" if self.ssl_context else "ws"
        return f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v5/public/linear"

    @property
    def session(self) -> Session:
        return self.sessions[-1]

    def _accept(self, request: WSUpgradeRequest) -> WSListener:
        self.served += 1
        return Session(self)

    def answer(self, session: Session, request: dict[str, Any]) -> None:
        if request["op"] == "ping":
            session.reply(request, text="pong")
        elif request["op"] == "unsubscribe":
            session.reply(request)
        elif request["op"] == "subscribe":
            self.subscribe(session, request)

    def subscribe(self, session: Session, request: dict[str, Any]) -> None:
        bad = [topic for topic in request["args"] if topic in self.refused]
        if bad:
            session.reply(request, False, f"error:handler not found,topic:{bad[0]}")
            return
        frames = [frame for topic in request["args"] for frame in self.on_topic(topic)]
        if self.acks_last:
            session.send(*frames)
        session.reply(request)
        if not self.acks_last:
            session.send(*frames)


def default_frames(topic: str) -> list[bytes]:
    """A snapshot of the topic."""
    kind, _, symbol = topic.rpartition(".")
    if kind == "tickers":
        return [snapshot(symbol)]
    if kind == "orderbook.1":
        return [book1(symbol, 10, 100.0, 100.5)]
    return [book50(symbol, "snapshot", 100, [(100.0, 1.0), (99.0, 2.0)], [(101.0, 1.0)])]


async def until(condition: Callable[[], object], within_s: float = WAIT_S) -> None:
    """Wait for a condition, not for a time."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.001)


class Running:
    """A coroutine that runs beside the test, ended with it."""

    def __init__(self, main: Coroutine[Any, Any, None]) -> None:
        self._main = main
        self.task: asyncio.Task[None]

    async def __aenter__(self) -> asyncio.Task[None]:
        self.task = asyncio.create_task(self._main)
        return self.task

    async def __aexit__(self, *exc: object) -> None:
        self.task.cancel()
        await asyncio.wait([self.task], timeout=WAIT_S)
