"""Not a benchmark: a client of the exchange that costs little, for the benchmarks of the exchange itself."""

from __future__ import annotations

import asyncio
import time
from itertools import count
from urllib.parse import urlsplit

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from synthcore.exchange.ready import AccountKey, Ready
from synthcore.venues.bybit.signing import Signer

WINDOW_MS = 5000
WITHIN_S = 10.0

Order = dict[str, object]

encode = msgspec.json.encode
numbers = count(1)


def cpu_ns(pid: int) -> int:
    """The processor time of a process, all its threads, this moment included."""
    return time.clock_gettime_ns(~pid << 3 | 2)  # as clock_getcpuclockid(3) makes it


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Socket(WSListener):
    """One WebSocket: counts what comes, and wakes whoever waits for a number of messages."""

    def __init__(self) -> None:
        self.received = 0
        self.last = b""
        self._wanted = 0
        self._arrived: asyncio.Future[None] | None = None
        self._transport: WSTransport

    @classmethod
    async def open(cls, url: str) -> Socket:
        _, socket = await ws_connect(cls, url)
        return socket  # type: ignore[return-value]

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.received += 1
        self.last = frame.get_payload_as_bytes()
        if self._arrived is not None and self.received >= self._wanted and not self._arrived.done():
            self._arrived.set_result(None)

    async def until(self, wanted: int) -> None:
        """Wait until `wanted` messages have come since the socket was opened."""
        self._wanted = wanted
        if self.received < wanted:
            self._arrived = asyncio.get_running_loop().create_future()
            await asyncio.wait_for(self._arrived, WITHIN_S)

    def send(self, text: bytes) -> None:
        self._transport.send(WSMsgType.TEXT, text)

    async def ask(self, message: object) -> bytes:
        """Send one message and wait for the next that comes."""
        wanted = self.received + 1
        self.send(encode(message))
        await self.until(wanted)
        return self.last

    async def sign_in(self, account: AccountKey) -> None:
        expires_ms = now_ms() + 60_000
        signature = Signer(account.api_key, account.api_secret).ws_auth(expires_ms)
        reply = await self.ask({"op": "auth", "args": [account.api_key, expires_ms, signature]})
        assert b'"success":true' in reply or b'"retCode":0' in reply, reply

    def close(self) -> None:
        self._transport.disconnect()


class Http:
    """One kept-alive connection: signed posts, one after the other or in one write."""

    def __init__(self, url: str, account: AccountKey) -> None:
        self._url = urlsplit(url)
        self._signer = Signer(account.api_key, account.api_secret)
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> Http:
        self._reader, self._writer = await asyncio.open_connection(self._url.hostname, self._url.port)
        return self

    def post(self, path: str, body: bytes) -> bytes:
        timestamp_ms = now_ms()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._url.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-BAPI-API-KEY: {self._signer.key}\r\nX-BAPI-TIMESTAMP: {timestamp_ms}\r\n"
            f"X-BAPI-RECV-WINDOW: {WINDOW_MS}\r\n"
            f"X-BAPI-SIGN: {self._signer.rest(timestamp_ms, WINDOW_MS, body)}\r\n\r\n"
        )
        return head.encode() + body

    async def send(self, requests: list[bytes]) -> bytes:
        """Send requests in one write and read all answers; gives the last."""
        self._writer.write(b"".join(requests))
        body = b""
        for _ in requests:
            head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await self._reader.readexactly(length)
        return body

    def close(self) -> None:
        self._writer.close()


class Trader:
    """One account with its private frames subscribed, over HTTP and over the trade socket."""

    def __init__(self, http: Http, trade: Socket, private: Socket) -> None:
        self.http = http
        self.trade = trade
        self.private = private

    @classmethod
    async def open(cls, ready: Ready, account: AccountKey) -> Trader:
        http = await Http(ready.rest, account).open()
        trade, private = await Socket.open(ready.ws_trade), await Socket.open(ready.ws_private)
        await trade.sign_in(account)
        await private.sign_in(account)
        await private.ask({"op": "subscribe", "args": ["order", "execution", "position", "wallet"]})
        return cls(http, trade, private)

    async def place(self, way: str, orders: list[Order], frames: int) -> None:
        """Send orders in one write; wait for all answers and for so many private frames."""
        wanted = self.private.received + frames
        await (self._over_http if way == "http" else self._over_socket)(orders)
        await self.private.until(wanted)

    async def _over_http(self, orders: list[Order]) -> None:
        answer = await self.http.send([self.http.post("/v5/order/create", encode(order)) for order in orders])
        assert b'"retCode":0' in answer, answer

    async def _over_socket(self, orders: list[Order]) -> None:
        wanted = self.trade.received + len(orders)
        for order in orders:
            self.trade.send(encode(self.act("order.create", order)))
        await self.trade.until(wanted)
        assert b'"retCode":0' in self.trade.last, self.trade.last

    async def cancel(self, orders: list[Order]) -> None:
        """Cancel open orders, and wait for their frames."""
        wanted = self.private.received + 3 * len(orders)
        for order in orders:
            named = {name: order[name] for name in ("category", "symbol", "orderLinkId")}
            await self.http.send([self.http.post("/v5/order/cancel", encode(named))])
        await self.private.until(wanted)

    def act(self, op: str, args: Order) -> Order:
        header = {"X-BAPI-TIMESTAMP": str(now_ms()), "X-BAPI-RECV-WINDOW": str(WINDOW_MS)}
        return {"reqId": f"r{next(numbers)}", "header": header, "op": op, "args": [args]}

    def close(self) -> None:
        self.http.close()
        self.trade.close()
        self.private.close()
