"""The example on each fault's page strikes while two legs are traded, and once it is disarmed all is well."""

import asyncio
import contextlib
import itertools
import json
import time

import httpx
import pytest
from fault_pages import FAULT_PAGES, examples
from picows import WSError, WSMsgType, ws_connect
from plain_client import BUY, WAIT_S, PlainRest, PlainSocket, connected, signed_in

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

FAILURES = (httpx.HTTPError, WSError, OSError, AssertionError, ValueError, TimeoutError)
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def exchange():
    settings = ExchangeSettings(symbols=("BTCUSDT",), rate_tier="off", tcp_faults=True, control_token="auto")
    with ExchangeProcess(settings) as ready:
        yield ready


@pytest.mark.parametrize("name", sorted(path.stem for path in FAULT_PAGES.glob("*.md")))
async def test_the_example_of_a_page_strikes_and_then_all_is_well(exchange, control, name):
    before = len(control.injected())
    control.add(*examples(name).faults)

    deadline_s = time.monotonic() + WAIT_S
    while name not in await struck(control, before):
        with contextlib.suppress(*FAILURES):
            await asyncio.wait_for(traded(exchange), 0.3)
        assert time.monotonic() < deadline_s, control.facts()["faults"]
    await asyncio.to_thread(control.clear)

    assert set(await struck(control, before)) == {name}
    await traded(exchange)


async def struck(control, before):
    """What was injected; an exchange that is shut or silent for a while is asked again."""
    while True:
        reply = await asyncio.to_thread(control.http.get, "/_control/faults", timeout=WAIT_S)
        with contextlib.suppress(ValueError, KeyError):
            return [one["do"] for one in reply.json()["injected"][before:]]


async def traded(exchange):
    """Two legs over REST and one order over the trade socket, with both streams open."""
    rest = PlainRest(exchange)
    number = next(NUMBERS)
    sockets = [await signed_in(exchange, rest.signer, "order", "execution", "position")]
    public, _ = await connected(exchange.ws_public, {"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]})
    for link_id, side in ((f"x{number}-L-e0", "Buy"), (f"x{number}-S-e0", "Sell")):
        answer = await asyncio.to_thread(rest.buy, link_id, side=side)
        assert answer.json()["retCode"] == 0
    rest.http.close()
    await by_socket(exchange, rest.signer, f"x{number}-T-e0")
    topics = await sockets[0].topics(3)
    public.disconnect(graceful=False)
    assert set(topics) <= {"order", "execution", "position"}


async def by_socket(exchange, signer, link_id):
    transport, socket = await ws_connect(PlainSocket, exchange.ws_trade)
    now_ms = time.time_ns() // 1_000_000
    auth = {"op": "auth", "args": [signer.key, now_ms + 10_000, signer.ws_auth(now_ms + 10_000)]}
    header = {"X-BAPI-TIMESTAMP": str(now_ms), "X-BAPI-RECV-WINDOW": "5000"}
    order = {
        "reqId": link_id,
        "header": header,
        "op": "order.create",
        "args": [{**BUY, "orderLinkId": link_id}],
    }
    for message in (auth, order):
        transport.send(WSMsgType.TEXT, json.dumps(message).encode())
        assert json.loads(await socket.next())["retCode"] == 0
    transport.disconnect(graceful=False)
