"""Delays as a client meets them, and the control API that sets them. Lower bounds only."""

import asyncio
import time
from decimal import Decimal

import pytest
from control_client import control_http

from synthcore.environment import Credentials
from synthcore.exchange.control.latency import PATH
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings
from synthcore.model import Fill, OrderRequest
from synthcore.orders.bybit import BybitBackend
from synthcore.secret import Secret

WAIT_S = 5.0
LONG_MS = 150.0


@pytest.fixture
def exchange():
    settings = ExchangeSettings(market="steady", position_mode="hedge", rate_tier="off", control_token="auto")
    with ExchangeProcess(settings) as ready:
        yield ready


@pytest.fixture
async def backend(exchange):
    credentials = Credentials(api_key=Secret(exchange.api_key), api_secret=Secret(exchange.api_secret))
    backend = BybitBackend((exchange.rest,), exchange.ws_private, credentials)
    await backend.start()
    yield backend
    await backend.close()


def set_delays(exchange, **plan):
    delays = {kind: {"floor_ms": floor_ms} for kind, floor_ms in plan.items()}
    with control_http(exchange) as control:
        control.post(PATH, json={"plan": delays}).raise_for_status()


def buy(link_id, price=None):
    return OrderRequest(
        symbol="BTCUSDT",
        side="Buy",
        qty=Decimal("0.01"),
        order_type="Market" if price is None else "Limit",
        price=None if price is None else Decimal(price),
        time_in_force="GTC",
        link_id=link_id,
        position_idx=1,
    )


class Stamps:
    """When each thing came."""

    def __init__(self, backend):
        self.filled_s = asyncio.get_running_loop().create_future()
        backend.on_private_event(self.on_event)

    def on_event(self, event):
        if isinstance(event, Fill) and not self.filled_s.done():
            self.filled_s.set_result(time.monotonic())


async def test_the_answer_takes_its_time_and_the_fill_does_not_wait_for_it(exchange, backend):
    stamps = Stamps(backend)
    set_delays(exchange, reply=LONG_MS)

    sent_s = time.monotonic()
    await backend.place(buy("one"))
    answered_s = time.monotonic()
    filled_s = await asyncio.wait_for(stamps.filled_s, WAIT_S)

    assert answered_s - sent_s >= LONG_MS / 1000
    assert filled_s < answered_s


async def test_the_fill_takes_its_time_and_the_answer_does_not_wait_for_it(exchange, backend):
    stamps = Stamps(backend)
    set_delays(exchange, private=LONG_MS)

    await backend.place(buy("one"))
    answered_s = time.monotonic()
    filled_s = await asyncio.wait_for(stamps.filled_s, WAIT_S)

    assert filled_s > answered_s


async def test_an_entry_that_takes_longer_than_the_receive_window_is_refused(exchange, backend):
    backend.order_recv_window_ms = 50
    set_delays(exchange, entry=LONG_MS)

    with pytest.raises(Exception, match="recv_window") as refused:
        await backend.place(buy("one"))

    assert refused.value.code == 10002
    assert await backend.look_up("BTCUSDT", "one") is None


async def test_an_acknowledged_order_is_looked_up_in_vain_until_it_is_visible(exchange, backend):
    set_delays(exchange, visibility=LONG_MS)

    placed_s = time.monotonic()
    await backend.place(buy("one", price="59000"))
    at_once = await backend.look_up("BTCUSDT", "one")
    async with asyncio.timeout(WAIT_S):
        while (found := await backend.look_up("BTCUSDT", "one")) is None:
            await asyncio.sleep(0.005)

    assert at_once is None
    assert not found.is_final
    assert time.monotonic() - placed_s >= LONG_MS / 1000


async def test_frames_keep_their_order_whatever_delay_each_one_drew(exchange, backend):
    seen = []
    backend.on_private_event(lambda event: seen.append(event.link_id) if isinstance(event, Fill) else None)
    plan = {"private": {"median_ms": 20, "sigma": 1.5, "highest_ms": 200}}
    with control_http(exchange) as control:
        control.post(PATH, json={"plan": plan}).raise_for_status()

    names = [f"order-{number}" for number in range(12)]
    for name in names:
        await backend.place(buy(name))
    async with asyncio.timeout(WAIT_S):
        while len(seen) < len(names):
            await asyncio.sleep(0.005)

    assert seen == names


def test_a_preset_is_chosen_at_run_time_and_shown(exchange):
    with control_http(exchange) as control:
        first = control.get(PATH).json()
        second = control.post(PATH, json={"preset": "lan"}).json()
        shown = control.get(PATH).json()

    assert (first["preset"], second["preset"]) == ("instant", "lan")
    assert second == shown


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"{}", b'{"preset":"fast"}', b'{"plan":{"entry":{"floor_ms":-1}}}', b'{"plam":{}}'],
)
def test_what_is_no_delay_is_refused_and_changes_nothing(exchange, body):
    with control_http(exchange) as control:
        before = control.get(PATH).json()
        reply = control.post(PATH, content=body)
        after = control.get(PATH).json()

    assert reply.status_code == 400
    assert reply.json()["error"]
    assert after == before
