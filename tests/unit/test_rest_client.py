import logging
from contextlib import asynccontextmanager

import httpx
import pytest
from scripted_server import HANG_UP, OK, SILENCE, answer, refusal, scripted

from synthcore.errors import OutcomeUnknown, VenueRefused, VenueUnreachable
from synthcore.orders import network
from synthcore.orders.clock import ClockSample, ServerClock
from synthcore.orders.network import Stream
from synthcore.orders.rest import RestClient
from synthcore.secret import Secret
from synthcore.venues.bybit.signing import Signer

KEY, SECRET = "KEY-0000000001", "marker-secret-9931"
CREATE = "/v5/order/create"
QUICK = httpx.Timeout(connect=0.5, write=0.5, read=0.2, pool=0.5)
TIME = b'{"retCode":0,"retMsg":"OK","result":{"timeSecond":"1700000000","timeNano":"1700000000123000000"}}'


@asynccontextmanager
async def client(*urls: str):
    rest = RestClient(urls, Secret(KEY), Secret(SECRET), timeout=QUICK)
    try:
        yield rest
    finally:
        await rest.close()


async def place(rest: RestClient):
    return await rest.order_call(CREATE, b'{"a":1}', 1000)


async def test_an_order_is_signed_over_its_exact_body():
    async with scripted(lambda request: answer()) as server, client(server.url) as rest:
        reply, sent_ns, acked_ns = await place(rest)

    headers = server.requests[0].headers
    expected = Signer(KEY, SECRET).rest(int(headers["x-bapi-timestamp"]), 1000, server.requests[0].body)
    assert headers["x-bapi-sign"] == expected
    assert headers["x-bapi-recv-window"] == "1000"
    assert reply.ret_code == 0
    assert 0 < sent_ns < acked_ns


async def test_both_stamps_are_the_socket_s(monkeypatch):
    kept = []

    class Kept(Stream):
        def __init__(self, loop):
            super().__init__(loop)
            kept.append(self)

    monkeypatch.setattr(network, "Stream", Kept)

    async with scripted(lambda request: answer()) as server, client(server.url) as rest:
        _, sent_ns, acked_ns = await place(rest)

    assert [(stream.sent_ns, stream.received_ns) for stream in kept] == [(sent_ns, acked_ns)]
    assert 0 < sent_ns < acked_ns


async def test_connections_are_kept():
    async with scripted(lambda request: answer()) as server, client(server.url) as rest:
        for _ in range(3):
            await place(rest)

    assert len(server.requests) == 3
    assert server.connections == 1


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (SILENCE, "time-out after the order was sent"),
        (HANG_UP, "closed after the order was sent"),
        (answer(b"<html>502 Bad Gateway</html>", 502), "a gateway's page"),
        (answer(b"<html>hello</html>", 200), "no JSON"),
        (answer(OK[:40], 200), "half an envelope"),
        (answer(b"", 200), "empty"),
        (refusal(10000), "server timeout"),
        (refusal(10014), "duplicate request"),
        (refusal(10016), "server error"),
        (refusal(110072), "duplicate link id"),
        (refusal(999_999), "a code of no table"),
        (b"HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\nabc", "shorter than it said"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_order_without_a_trustworthy_answer_is_unknown_and_sent_once(raw, why):
    def respond(request):
        return raw

    async with scripted(respond) as server, client(server.url) as rest:
        with pytest.raises(OutcomeUnknown):
            await place(rest)

    assert len(server.requests) == 1, why


@pytest.mark.parametrize(
    ("raw", "error_class"),
    [
        (refusal(10001), "ours"),
        (refusal(10002), "auth_clock"),
        (refusal(10003), "auth_clock"),
        (refusal(10006), "busy"),
        (refusal(110007), "account"),
        (refusal(110017), "flat"),
        (answer(b"<html>", 403), "shut_out"),
        (answer(b"<html>", 404), "ours"),
        (answer(b"<html>", 401), "auth_clock"),
        (answer(b"<html>", 429), "busy"),
    ],
)
async def test_a_refusal_carries_its_class(raw, error_class):
    async with scripted(lambda request: raw) as server, client(server.url) as rest:
        with pytest.raises(VenueRefused) as refused:
            await place(rest)

    assert refused.value.error_class == error_class
    assert len(server.requests) == 1


async def test_a_cancel_of_a_final_order_is_done_already():
    async with scripted(lambda request: refusal(110010)) as server, client(server.url) as rest:
        reply, _, _ = await rest.order_call("/v5/order/cancel", b"{}", 1000)

    assert reply.ret_code == 110010


async def test_nothing_is_sent_where_nobody_listens():
    async with client("http://127.0.0.1:1") as rest:
        with pytest.raises(VenueUnreachable, match="no connection"):
            await place(rest)


async def test_an_order_never_goes_to_the_second_host():
    async with (
        scripted(lambda request: HANG_UP) as first,
        scripted(lambda request: answer()) as second,
        client(first.url, second.url) as rest,
    ):
        with pytest.raises(OutcomeUnknown):
            await place(rest)

    assert len(first.requests) == 1
    assert second.requests == []


@pytest.mark.parametrize("trouble", [HANG_UP, SILENCE, answer(b"<html>", 502)])
async def test_a_query_goes_on_to_the_second_host(trouble):
    async with (
        scripted(lambda request: trouble) as first,
        scripted(lambda request: answer()) as second,
        client(first.url, second.url) as rest,
    ):
        reply = await rest.query("/v5/position/list", {"symbol": "BTCUSDT"})

    assert reply.ret_code == 0
    assert len(second.requests) == 1


async def test_a_query_is_signed_over_the_query_as_sent():
    async with scripted(lambda request: answer()) as server, client(server.url) as rest:
        await rest.query("/v5/order/realtime", {"symbol": "A&B", "limit": "50"}, cursor="page_token%3D3%26")

    request = server.requests[0]
    payload = request.target.partition("?")[2]
    assert payload == "symbol=A%26B&limit=50&cursor=page_token%3D3%26"
    timestamp_ms = int(request.headers["x-bapi-timestamp"])
    assert request.headers["x-bapi-sign"] == Signer(KEY, SECRET).rest(timestamp_ms, 5000, payload.encode())


async def test_a_query_outside_the_window_reads_the_clock_and_asks_again():
    asked = []

    def respond(request):
        asked.append(request.target.partition("?")[0])
        if request.target.startswith("/v5/market/time"):
            return answer(TIME)
        return answer() if asked.count("/v5/position/list") > 1 else refusal(10002)

    async with scripted(respond) as server, client(server.url) as rest:
        reply = await rest.query("/v5/position/list", {})

    assert reply.ret_code == 0
    assert asked.count("/v5/market/time") == 5


async def test_the_exchange_s_count_of_our_requests_is_handed_on():
    seen = []
    headers = {"X-Bapi-Limit": "10", "X-Bapi-Limit-Status": "7", "X-Bapi-Limit-Reset-Timestamp": "17"}

    async with scripted(lambda request: answer(headers=headers)) as server, client(server.url) as rest:
        rest.on_rate_limit(seen.append)
        await place(rest)

    assert [(each.limit, each.remaining, each.reset_ms, each.is_refused) for each in seen] == [
        (10, 7, 17, False)
    ]


async def test_no_secret_is_in_any_error_log_or_repr(caplog):
    caplog.set_level(logging.DEBUG)
    text = f"error sign! origin_string[1700000000000{KEY}5000]"

    async with scripted(lambda request: refusal(10004, text)) as server, client(server.url) as rest:
        with pytest.raises(VenueRefused) as refused:
            await place(rest)
        with pytest.raises(VenueRefused):
            await rest.query("/v5/position/list", {})
        shown = f"{rest!r} {refused.value} {refused.value!r} {caplog.text}"

    assert server.requests
    assert SECRET not in shown
    assert KEY not in shown


def test_the_shortest_round_trip_tells_the_time():
    clock = ServerClock()
    samples = [
        ClockSample(sent_ns=0, received_ns=40_000_000, server_ms=5035.0),
        ClockSample(sent_ns=100_000_000, received_ns=102_000_000, server_ms=5101.5),
    ]

    offset = clock.learn(samples, epoch_ns=1_000_000_000, monotonic_ns=0)

    assert offset.uncertainty_ms == 1.0
    assert offset.offset_ms == pytest.approx(5000.5 - 1000.0)
    assert clock.now_ms(200_000_000) == pytest.approx(5200.5)
