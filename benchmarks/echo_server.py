"""Not a benchmark: the servers that the exchange stands on, bare, for bench_exchange_orders.

Both decode an order and acknowledge it, and do nothing else: no key, no check, no matching, no frames.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import uvicorn
import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

encode, decode = msgspec.json.encode, msgspec.json.decode


def acknowledged(text: bytes) -> bytes:
    """What is needed to answer anything at all."""
    order: dict[str, Any] = decode(text)
    result = {"orderId": "1", "orderLinkId": order.get("orderLinkId", "")}
    return encode({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": 0})


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body = acknowledged((await receive())["body"])
    headers = [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Session(WSListener):
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, acknowledged(frame.get_payload_as_bytes()))


def accept(request: WSUpgradeRequest) -> WSListener:
    return Session()


async def main() -> None:
    sockets = await ws_create_server(accept, "127.0.0.1", 0)
    config = uvicorn.Config(application, port=0, lifespan="off", access_log=False, log_config=None, ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    http, ws = (listening.sockets[0].getsockname()[1] for listening in (server.servers[0], sockets))
    print(f"http://127.0.0.1:{http} ws://127.0.0.1:{ws}", flush=True)
    await serving


if __name__ == "__main__":
    uvloop.run(main())
