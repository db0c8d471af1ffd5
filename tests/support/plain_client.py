"""Clients that know nothing of ours: one signs and sends, one keeps what comes."""

import asyncio
import json
import time

import httpx
from picows import WSListener, WSMsgType, ws_connect

from synthcore.venues.bybit.signing import Signer

WAIT_S = 5.0
SOON_S = 0.15  # nothing may come for so long
BUY = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}


class PlainRest:
    """Signs and sends; knows nothing of ours."""

    def __init__(self, account, rest=None):
        self.signer = Signer(account.api_key, account.api_secret)
        self.http = httpx.Client(base_url=rest or account.rest, timeout=1.0)

    def call(self, method, path, query="", body=b""):
        now_ms = time.time_ns() // 1_000_000
        headers = {
            "X-BAPI-API-KEY": self.signer.key,
            "X-BAPI-TIMESTAMP": str(now_ms),
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": self.signer.rest(now_ms, 5000, body or query.encode()),
            "Content-Type": "application/json",
        }
        return self.http.request(method, f"{path}?{query}" if query else path, content=body, headers=headers)

    def buy(self, link_id, **fields):
        return self.call(
            "POST", "/v5/order/create", body=json.dumps({**BUY, "orderLinkId": link_id, **fields}).encode()
        )

    def orders(self, link_id):
        query = f"category=linear&symbol=BTCUSDT&orderLinkId={link_id}"
        return self.call("GET", "/v5/order/realtime", query).json()["result"]["list"]

    def positions(self):
        query = "category=linear&symbol=BTCUSDT"
        return self.call("GET", "/v5/position/list", query).json()["result"]["list"]


class PlainSocket(WSListener):
    """Keeps what comes, as bytes."""

    def __init__(self):
        self.frames = asyncio.Queue()
        self.closed = asyncio.get_running_loop().create_future()
        self.code = None

    def on_ws_frame(self, transport, frame):
        if frame.msg_type == WSMsgType.CLOSE:
            self.code = int(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            self.frames.put_nowait(frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport):
        if not self.closed.done():
            self.closed.set_result(None)

    async def next(self):
        return await asyncio.wait_for(self.frames.get(), WAIT_S)

    async def topics(self, count):
        return [json.loads(await self.next())["topic"] for _ in range(count)]

    async def nothing_comes(self):
        try:
            frame = await asyncio.wait_for(self.frames.get(), SOON_S)
        except TimeoutError:
            return True
        raise AssertionError(frame)


async def connected(url, *requests):
    transport, socket = await ws_connect(PlainSocket, url)
    for request in requests:
        transport.send(WSMsgType.TEXT, json.dumps(request).encode())
        assert json.loads(await socket.next())["success"]
    return transport, socket


async def signed_in(exchange, signer, *topics):
    """The socket of a private connection with some topics."""
    expires_ms = time.time_ns() // 1_000_000 + 10_000
    args = [signer.key, expires_ms, signer.ws_auth(expires_ms)]
    _, socket = await connected(
        exchange.ws_private,
        {"op": "auth", "args": args},
        {"op": "subscribe", "args": list(topics)},
    )
    return socket
