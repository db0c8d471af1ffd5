"""A process with a public stream that sends one ticker for each byte on its standard input.

Like an exchange it answers subscriptions, with a snapshot each. The quotes are those of the embedded
exchange's steady market, so that orders on them fill there; only the sizes change. Each tick ends with the
time of its writing.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from subprocess import PIPE, Popen
from typing import Any

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from synthcore.exchange.public import stamped

SYMBOL = "BTCUSDT"
TOPIC = f"tickers.{SYMBOL}"
BID, ASK = "60000.00", "60000.10"

encode = msgspec.json.encode


def ticker(kind: str, number: int) -> bytes:
    ts = time.time_ns() // 1_000_000
    quote = {"bid1Price": BID, "bid1Size": f"{1 + number % 90}.012", "ask1Price": ASK, "ask1Size": "4.084"}
    data = {"symbol": SYMBOL, **quote}
    return encode({"topic": TOPIC, "type": kind, "data": data, "cs": number, "ts": ts})


class Session(WSListener):
    def __init__(self, server: TickServer) -> None:
        self._server = server
        self._transport: WSTransport

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            self._answer(msgspec.json.decode(frame.get_payload_as_bytes()))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._server.sessions.discard(self)

    def send(self, text: bytes) -> None:
        self._transport.send(WSMsgType.TEXT, text)

    def _answer(self, request: dict[str, Any]) -> None:
        said = "pong" if request["op"] == "ping" else ""
        reply = {"success": True, "ret_msg": said, "conn_id": "c", "op": request["op"]}
        self.send(encode(reply | {"req_id": request.get("req_id", "")}))
        if request["op"] == "subscribe":
            self.send(ticker("snapshot", next(self._server.numbers)))
            self._server.sessions.add(self)


class TickServer:
    def __init__(self) -> None:
        self.sessions: set[Session] = set()
        self.numbers = count(1)

    def accept(self, request: WSUpgradeRequest) -> WSListener:
        return Session(self)

    def tick(self) -> None:
        wanted = os.read(sys.stdin.fileno(), 4096)
        if not wanted:  # who asked for us is gone
            raise SystemExit
        for _ in wanted:
            text = ticker("delta", next(self.numbers))
            for session in self.sessions:
                session.send(stamped(text, time.monotonic_ns()))


async def main() -> None:
    server = TickServer()
    listening = await ws_create_server(server.accept, "127.0.0.1", 0, use_aiofastnet=False)
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), server.tick)
    print(f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v5/public/linear", flush=True)
    await listening.serve_forever()


@contextmanager
def running() -> Iterator[tuple[Popen[str], str]]:
    """Have one in a process of its own; gives it, and its URL."""
    command = [sys.executable, "-m", __name__]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(main())
