"""The connections under the HTTP client: kept, limited, and free again whatever happens on them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
from scripted_server import HANG_UP, SILENCE, answer, scripted

from synthcore.orders.transport import LaneTransport

QUICK = httpx.Timeout(connect=1.0, write=1.0, read=0.1, pool=0.1)
CUT_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"


@asynccontextmanager
async def client(connections: int, timeout: httpx.Timeout = QUICK):
    transport = LaneTransport(None, connections, keepalive_s=60.0)
    async with httpx.AsyncClient(transport=transport, timeout=timeout) as http:
        yield http


async def test_one_after_the_other_share_a_connection_and_two_at_once_do_not():
    async with scripted(lambda request: answer()) as server, client(8) as http:
        for _ in range(3):
            await http.get(server.url)
        after_three = server.connections
        await asyncio.gather(http.get(server.url), http.get(server.url))

    assert after_three == 1
    assert server.connections == 2


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (SILENCE, httpx.ReadTimeout),
        (HANG_UP, httpx.RemoteProtocolError),
        (CUT_SHORT, httpx.ReadTimeout),
        (b"no HTTP at all\r\n\r\n", httpx.RemoteProtocolError),
    ],
)
async def test_the_only_connection_is_free_again_after_it_broke(broken, error):
    answers = iter([broken, answer(), answer()])

    async with scripted(lambda request: next(answers)) as server, client(1) as http:
        with pytest.raises(error):
            await http.post(server.url, content=b"{}")
        statuses = [(await http.get(server.url)).status_code for _ in range(2)]

    assert statuses == [200, 200]
    assert server.connections == 2


async def test_the_only_connection_is_free_again_after_its_request_was_cancelled():
    answers = iter([SILENCE, answer()])

    async with scripted(lambda request: next(answers)) as server, client(1) as http:
        task = asyncio.create_task(http.get(server.url))
        async with asyncio.timeout(5.0):
            while not server.requests:
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        found = await http.get(server.url)

    assert task.cancelled()
    assert found.status_code == 200


async def test_who_finds_no_connection_free_waits_for_one():
    async with scripted(lambda request: answer()) as server, client(2) as http:
        found = await asyncio.gather(*(http.get(server.url) for _ in range(6)))

    assert [response.status_code for response in found] == [200] * 6
    assert server.connections == 2


async def test_who_waits_too_long_for_a_connection_is_told():
    patient = httpx.Timeout(connect=1.0, write=1.0, read=5.0, pool=0.05)

    async with scripted(lambda request: SILENCE) as server, client(1, patient) as http:
        first = asyncio.create_task(http.get(server.url))
        await asyncio.sleep(0)
        with pytest.raises(httpx.PoolTimeout):
            await http.get(server.url)
        first.cancel()
        await asyncio.wait([first])
