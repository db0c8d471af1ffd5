"""Faults of the wire, as a plain client sees them: the bytes are right, and late, slow, sliced or away."""

import asyncio
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest
from control_client import ControlClient
from picows import WSMsgType
from plain_client import WAIT_S, PlainRest, connected

from synthcore.errors import ConfigError
from synthcore.exchange.faults.lose_answer import LoseAnswer
from synthcore.exchange.faults.tcp_bandwidth import TcpBandwidth
from synthcore.exchange.faults.tcp_front import RIGHT, LineState, piece_of
from synthcore.exchange.faults.tcp_half_open import TcpHalfOpen
from synthcore.exchange.faults.tcp_latency import TcpLatency
from synthcore.exchange.faults.tcp_slice import TcpSlice
from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.settings import ExchangeSettings

INSTRUMENTS = "/v5/market/instruments-info?category=linear&symbol=BTCUSDT"
ASK = f"GET {INSTRUMENTS} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode()


@pytest.fixture(scope="module")
def exchange():
    settings = ExchangeSettings(market="steady", rate_tier="off", tcp_faults=True, control_token="auto")
    with ExchangeProcess(settings) as ready:
        yield ready


def pieces(exchange):
    """The answer to a call, as it arrives."""
    address = urlsplit(exchange.rest)
    with socket.create_connection((address.hostname, address.port), timeout=WAIT_S) as raw:
        raw.sendall(ASK)
        return list(iter(lambda: raw.recv(65536), b""))


def body(pieces):
    return b"".join(pieces).partition(b"\r\n\r\n")[2].partition(b'"time"')[0]


def test_an_answer_comes_in_slices_and_is_whole(exchange, control):
    right = pieces(exchange)
    control.add(TcpSlice(bytes=100, pause_ms=1, line="rest", direction="down"))

    sliced = pieces(exchange)

    assert body(sliced) == body(right)
    assert len(sliced) > 2 * len(right)


def test_a_narrow_wire_takes_its_time(exchange, control):
    size = len(b"".join(pieces(exchange)))
    control.add(TcpBandwidth(bytes_per_s=10 * size, line="rest", direction="down"))

    began_s = time.monotonic()
    narrow = b"".join(pieces(exchange))

    assert len(narrow) == size
    assert time.monotonic() - began_s >= 0.08  # a tenth of a second, less the last pause


def test_a_long_wire_is_late_on_its_own_line_only_and_for_as_long_as_it_says(exchange, control):
    control.add(TcpLatency(ms=80, line="rest", direction="up", for_ms=400))

    with httpx.Client(base_url=exchange.rest) as http:
        took_s = [duration_s(http)]
        deadline_s = time.monotonic() + WAIT_S
        while took_s[-1] >= 0.08:
            took_s.append(duration_s(http))
            assert time.monotonic() < deadline_s

    assert took_s[0] >= 0.08


def duration_s(http):
    began_s = time.monotonic()
    assert http.get("/v5/market/time").status_code == 200
    return time.monotonic() - began_s


async def test_a_half_open_wire_is_silent_and_goes_on_when_it_heals(exchange, control):
    transport, stream = await connected(
        exchange.ws_public, {"op": "subscribe", "args": ["orderbook.1.BTCUSDT"]}
    )
    await stream.next()
    control.add(TcpHalfOpen(line="sockets", for_ms=300))

    transport.send(WSMsgType.TEXT, b'{"op":"ping"}')

    assert await stream.nothing_comes()
    assert not stream.closed.done()
    assert b"pong" in await asyncio.wait_for(pong_of(stream), WAIT_S)
    transport.disconnect(graceful=False)


async def pong_of(stream):
    while b"pong" not in (frame := await stream.next()):
        pass
    return frame


def test_half_open_rest_takes_a_connection_and_says_nothing(exchange, control):
    control.add(TcpHalfOpen(line="rest", for_ms=400, when="time after_ms=20"))  # its answer must come through

    with httpx.Client(base_url=exchange.rest, timeout=0.1) as http, pytest.raises(httpx.ReadTimeout):
        while True:
            http.get("/v5/market/time")
    with httpx.Client(base_url=exchange.rest, timeout=WAIT_S) as http:
        assert http.get("/v5/market/time").status_code == 200  # held, and given out


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_lost_answer_is_the_same_behind_a_front(exchange, control, how):
    control.add(LoseAnswer(how=how))
    rest = PlainRest(exchange)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)) as lost:
        rest.buy(f"front-{how}")

    assert ("reset by peer" in str(lost.value)) == (how == "reset")
    assert rest.buy(f"front-{how}-2").json()["retCode"] == 0
    rest.http.close()


def test_without_a_front_a_fault_of_the_wire_is_refused_in_one_sentence():
    with ExchangeProcess(ExchangeSettings(market="steady", control_token="auto")) as ready:
        client = ControlClient(ready)
        refused = client.http.post("/_control/faults", json={"faults": [{"do": "tcp_slice"}]})
        armed = client.facts()["faults"]
        client.close()

    assert refused.status_code == 400
    assert "start it with --tcp-faults" in refused.json()["error"]
    assert armed == []


def test_a_host_that_others_reach_is_refused_behind_a_front():
    with pytest.raises(ConfigError, match="faults of the wire need a host on loopback, was 0\\.0\\.0\\.0"):
        ExchangeProcess(ExchangeSettings(market="steady", host="0.0.0.0", tcp_faults=True)).start()


def test_a_line_sends_no_more_than_it_should_at_once():
    assert piece_of(RIGHT, 1000) == (1000, 0.0)
    assert piece_of(LineState(slice_bytes=10, pause_ms=2), 1000) == (10, 0.002)
    assert piece_of(LineState(bytes_per_s=5000), 1000) == (50, 0.01)
    assert piece_of(LineState(bytes_per_s=5000, slice_bytes=10, pause_ms=1), 7) == (7, 0.0014)
    assert piece_of(LineState(bytes_per_s=0.5), 7) == (1, 2.0)
