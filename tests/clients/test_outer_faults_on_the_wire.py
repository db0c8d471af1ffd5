"""Faults of the whole exchange and of its connections, as a plain client sees them."""

import asyncio
import json
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest
from control_client import ControlClient
from picows import WSError, ws_connect
from plain_client import WAIT_S, PlainSocket, connected, signed_in

from synthcore.exchange.faults.cross_book import CrossBook
from synthcore.exchange.faults.cut_socket import CutSocket
from synthcore.exchange.faults.liquidate import Liquidate
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.maintenance import Maintenance
from synthcore.exchange.faults.shut_out import ShutOut
from synthcore.exchange.faults.skew_clock import SkewClock
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

HANDSHAKE = (
    b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
)
NAMES = iter(f"o{number}" for number in range(1_000_000))


@pytest.fixture(scope="module")
def exchange():
    settings = ExchangeSettings(market="steady", rate_tier="off", accounts=2, control_token="auto")
    with ExchangeProcess(settings) as ready:
        yield ready


@pytest.fixture(scope="module")
def moving():
    """A market that moves, for what is seen in its frames."""
    settings = ExchangeSettings(symbols=("BTCUSDT",), seed=3, control_token="auto")
    with ExchangeProcess(settings) as ready:
        yield ready


# Connections


def test_an_answer_is_lost_by_a_reset(rest, control):
    name = next(NAMES)
    control.add(LoseAnswer(how="reset"))

    with pytest.raises(httpx.ReadError, match="reset by peer"):
        rest.buy(name)

    assert rest.orders(name)[0]["orderStatus"] == "Filled"


@pytest.mark.parametrize(("how", "is_reset"), [("close", False), ("reset", True)])
def test_a_socket_is_cut_by_a_reset_or_without_one(exchange, control, how, is_reset):
    address = urlsplit(exchange.ws_public)
    with socket.create_connection((address.hostname, address.port), timeout=WAIT_S) as raw:
        raw.sendall(HANDSHAKE % (address.path.encode(), address.netloc.encode()))
        assert b" 101 " in raw.recv(4096)
        control.add(CutSocket(socket="public", how=how, when="start"))

        try:
            end = raw.recv(4096)
        except ConnectionResetError:
            end = None

    assert end == (None if is_reset else b"")


# The whole exchange


def test_who_is_shut_out_gets_403_for_everything_until_the_time_is_over(rest, control):
    name = next(NAMES)
    control.add(ShutOut(ms=250))

    before = rest.http.get("/v5/market/time").status_code
    refused = rest.buy(name)
    at_once = rest.http.get("/v5/market/time")
    deadline_s = time.monotonic() + WAIT_S
    while rest.http.get("/v5/market/time").status_code == 403:
        assert time.monotonic() < deadline_s

    assert (before, refused.status_code, at_once.status_code) == (200, 403, 403)
    assert "access too frequent" in refused.text
    assert rest.orders(name) == []
    assert rest.buy(next(NAMES)).json()["retCode"] == 0


@pytest.mark.parametrize(("code", "status", "ret_code"), [(10016, 200, 10016), (None, 503, None)])
async def test_maintenance_closes_sockets_refuses_new_ones_and_every_call_and_ends(
    rest, control, exchange, code, status, ret_code
):
    _, stream = await connected(exchange.ws_public, {"op": "subscribe", "args": ["tickers.BTCUSDT"]})
    control.add(Maintenance(ms=250, code=code))

    answer = rest.http.get("/v5/market/time")
    with pytest.raises(WSError, match="503"):
        await ws_connect(PlainSocket, exchange.ws_private)
    await asyncio.wait_for(stream.closed, WAIT_S)
    deadline_s = time.monotonic() + WAIT_S
    while (again := rest.http.get("/v5/market/time")).status_code != 200 or again.json()["retCode"]:
        assert time.monotonic() < deadline_s
    transport, _ = await ws_connect(PlainSocket, exchange.ws_private)
    transport.disconnect(graceful=False)

    assert answer.status_code == status
    assert (answer.json()["retCode"] if ret_code else None) == ret_code
    assert stream.code == 1012


def test_what_is_disarmed_is_over_at_once(rest, control):
    control.add(Maintenance(ms=60_000))
    closed = rest.http.get("/v5/market/time").json()["retCode"]
    control.clear()

    assert closed == 10016
    assert rest.http.get("/v5/market/time").json()["retCode"] == 0


# Accounts


async def test_a_liquidation_cancels_takes_over_and_leaves_the_other_account_alone(rest, control, exchange):
    private = await signed_in(exchange, rest.signer, "order", "execution", "position", "wallet")
    rest.buy(next(NAMES), orderType="Limit", price="59000")
    rest.buy(next(NAMES))
    (before,) = rest.positions()
    while json.loads(await private.next())["data"][0].get("orderStatus") != "Filled":
        pass

    control.add(Liquidate(account="1000001", when="start"))
    rows = []
    while not (rows and rows[-1][0] == "wallet" and any(topic == "execution" for topic, _ in rows)):
        message = json.loads(await private.next())
        rows += [(message["topic"], row) for row in message["data"]]

    fills = [row for topic, row in rows if topic == "execution"]
    cancelled = [
        row["cancelType"] for topic, row in rows if topic == "order" and row["cancelType"] != "UNKNOWN"
    ]
    assert [(fill["execType"], fill["execQty"]) for fill in fills] == [("BustTrade", before["size"])]
    assert float(fills[0]["execPrice"]) < float(before["markPrice"])
    assert "CancelAllBeforeLiq" in cancelled
    assert rest.positions()[0]["size"] == "0"
    assert rest.buy(next(NAMES)).json()["retCode"] == 0


# The market


async def test_a_crossed_book_overlaps_in_one_frame_and_is_right_after_the_next(moving):
    control = ControlClient(moving)
    topic = "orderbook.50.BTCUSDT"
    transport, stream = await connected(moving.ws_public, {"op": "subscribe", "args": [topic]})
    book = {"b": {}, "a": {}}
    crossed = []
    control.add(CrossBook(when=f"3rd public topic={topic}"))

    for _ in range(12):
        frame = json.loads(await stream.next())
        for side in "ba":
            if frame["type"] == "snapshot":
                book[side] = {}
            book[side] |= {float(price): float(qty) for price, qty in frame["data"][side]}
        bid = max(price for price, qty in book["b"].items() if qty)
        ask = min(price for price, qty in book["a"].items() if qty)
        crossed.append(bid > ask)
    transport.disconnect(graceful=False)
    control.close()

    assert crossed.count(True) == 1


async def test_a_fault_strikes_at_a_book_s_sequence(moving):
    control = ControlClient(moving)
    topic = "orderbook.50.BTCUSDT"
    transport, stream = await connected(moving.ws_public, {"op": "subscribe", "args": [topic]})
    heard = [json.loads(await stream.next())["data"]["seq"] for _ in range(5)]
    transport.disconnect(graceful=False)
    control.post("market", do="pause")  # what is sent between the snapshot and the fault would count, too
    transport, stream = await connected(moving.ws_public, {"op": "subscribe", "args": [topic]})
    seq = json.loads(await stream.next())["data"]["seq"] + 2 * (heard[-1] - heard[0])
    before = len(control.injected())  # by the tests before
    control.add(CrossBook(when=f"public topic={topic} seq={seq}"))
    control.post("market", do="resume")

    seen = []
    while len(control.injected()) == before or len(seen) < 5:
        seen.append(json.loads(await stream.next())["data"]["seq"])
    transport.disconnect(graceful=False)
    struck_at = control.injected()[-1]["at"]["seq"]
    control.clear()
    control.close()

    assert struck_at >= seq
    assert not any(seq <= one < struck_at for one in seen)
    assert len([one for one in seen if one < seq]) > 1


async def test_a_skewed_clock_is_in_public_frames_too(moving):
    control = ControlClient(moving)
    transport, stream = await connected(
        moving.ws_public, {"op": "subscribe", "args": ["orderbook.50.BTCUSDT", "tickers.BTCUSDT"]}
    )
    control.add(SkewClock(ms=-60_000))
    offsets = {}
    deadline_s = time.monotonic() + WAIT_S
    while not (
        offsets.keys() >= {"orderbook.50.BTCUSDT", "tickers.BTCUSDT"} and max(offsets.values()) < -50_000
    ):
        frame = json.loads(await stream.next())
        offsets[frame["topic"]] = frame["ts"] - time.time_ns() // 1_000_000
        assert time.monotonic() < deadline_s, offsets
    control.clear()
    transport.disconnect(graceful=False)
    control.close()

    assert all(offset == pytest.approx(-60_000, abs=2000) for offset in offsets.values())
