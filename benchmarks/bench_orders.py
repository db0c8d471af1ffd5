"""How long does a signed order take from the call to its acknowledgement, against httpx and a raw socket?

All send to the same embedded exchange in its own process, kept alive, one order at a time; the exchange
checks, matches nothing (a limit far from the market, immediate or cancel) and answers. `bare_httpx` is the
library as its documentation shows it; ours is the same library over sockets of our own. What the raw socket
saves is what the library costs: pooling, time-outs, error classes, TLS are behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from time import time_ns
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.model import OrderRequest
from synthcore.orders.bybit import BybitBackend, create_order
from synthcore.venues.bybit.signing import Signer

WINDOW_MS = 1000
NUMBERS = count()


@pytest.fixture(scope="module")
def exchange() -> Iterator[Ready]:
    with ExchangeProcess(ExchangeSettings(market="steady", position_mode="hedge", rate_tier="off")) as ready:
        yield ready


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


def order() -> OrderRequest:
    return OrderRequest(
        symbol="BTCUSDT",
        side="Buy",
        qty=Decimal("0.016"),
        order_type="Limit",
        price=Decimal("59900.0"),
        link_id=f"bench-{time_ns()}-{next(NUMBERS)}",
        position_idx=1,
    )


def test_ours(benchmark: BenchmarkFixture, exchange: Ready, loop: asyncio.AbstractEventLoop) -> None:
    backend = BybitBackend((exchange.rest,), exchange.ws_private, exchange.credentials())
    loop.run_until_complete(backend.start())

    ack = benchmark.pedantic(
        lambda: loop.run_until_complete(backend.place(order())), rounds=200, warmup_rounds=20
    )

    loop.run_until_complete(backend.close())
    assert ack.order_id


class BareHttpx:
    """One client, one signed post an order."""

    def __init__(self, ready: Ready) -> None:
        self.http = httpx.AsyncClient(base_url=ready.rest)
        self._signer = Signer(ready.api_key, ready.api_secret)

    async def place(self, request: OrderRequest) -> bytes:
        body = msgspec.json.encode(create_order(request))
        timestamp_ms = time_ns() // 1_000_000
        headers = {
            "Content-Type": "application/json",
            "X-BAPI-API-KEY": self._signer.key,
            "X-BAPI-TIMESTAMP": str(timestamp_ms),
            "X-BAPI-RECV-WINDOW": str(WINDOW_MS),
            "X-BAPI-SIGN": self._signer.rest(timestamp_ms, WINDOW_MS, body),
        }
        return (await self.http.post("/v5/order/create", content=body, headers=headers)).content


def test_bare_httpx(benchmark: BenchmarkFixture, exchange: Ready, loop: asyncio.AbstractEventLoop) -> None:
    bare = BareHttpx(exchange)

    answer = benchmark.pedantic(
        lambda: loop.run_until_complete(bare.place(order())), rounds=200, warmup_rounds=20
    )

    loop.run_until_complete(bare.http.aclose())
    assert b'"retCode":0' in answer


class RawSocket:
    """One connection and just the bytes: no pool, no time-out, no error but a wrong length."""

    def __init__(self, ready: Ready) -> None:
        self._url = urlsplit(ready.rest)
        self._signer = Signer(ready.api_key, ready.api_secret)

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._url.hostname, self._url.port)

    async def place(self, request: OrderRequest) -> bytes:
        body = msgspec.json.encode(create_order(request))
        timestamp_ms = time_ns() // 1_000_000
        head = (
            f"POST /v5/order/create HTTP/1.1\r\nHost: {self._url.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-BAPI-API-KEY: {self._signer.key}\r\nX-BAPI-TIMESTAMP: {timestamp_ms}\r\n"
            f"X-BAPI-RECV-WINDOW: {WINDOW_MS}\r\n"
            f"X-BAPI-SIGN: {self._signer.rest(timestamp_ms, WINDOW_MS, body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer_head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer_head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


def test_raw_socket(benchmark: BenchmarkFixture, exchange: Ready, loop: asyncio.AbstractEventLoop) -> None:
    raw = RawSocket(exchange)
    loop.run_until_complete(raw.open())

    answer = benchmark.pedantic(
        lambda: loop.run_until_complete(raw.place(order())), rounds=200, warmup_rounds=20
    )

    raw.close()
    assert b'"retCode":0' in answer
