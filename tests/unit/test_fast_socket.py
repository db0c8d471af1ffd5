"""The fast lane's answers on the desk's loop: they come before they are asked for, late, or never."""

from __future__ import annotations

import time

import pytest

from synthcore.environment import Credentials
from synthcore.errors import OutcomeUnknown, VenueRefused
from synthcore.orders.bybit import BybitBackend
from synthcore.orders.fast import FastSocket
from synthcore.secret import Secret

LINK = "st12345678-1-L-e0"


def answer(code: int = 0) -> bytes:
    data = '{"orderId":"7","orderLinkId":""}' if code == 0 else "{}"
    return (f'{{"reqId":"{LINK}","retCode":{code},"retMsg":"m","op":"order.create","data":{data}}}').encode()


@pytest.fixture
async def socket() -> FastSocket:
    credentials = Credentials(api_key=Secret("key"), api_secret=Secret("secret"))
    backend = BybitBackend(("http://127.0.0.1:1",), "ws://127.0.0.1:1/", credentials)
    return FastSocket("ws://127.0.0.1:1/", backend)


async def test_an_answer_may_come_before_it_is_asked_for(socket: FastSocket) -> None:
    socket._take(answer(), heard_ns=12)

    ack = await socket.answer(LINK, sent_ns=5)

    assert (ack.order_id, ack.link_id, ack.sent_ns, ack.acked_ns) == ("7", LINK, 5, 12)


async def test_a_refusal_has_its_class(socket: FastSocket) -> None:
    socket._take(answer(110007), heard_ns=12)

    with pytest.raises(VenueRefused) as refused:
        await socket.answer(LINK, sent_ns=5)

    assert (refused.value.code, refused.value.error_class) == (110007, "account")


async def test_what_was_sent_into_a_lost_connection_has_no_answer(socket: FastSocket) -> None:
    sent_ns = time.monotonic_ns()
    socket._lose_answers("cut")

    with pytest.raises(OutcomeUnknown, match="lost with its connection"):
        await socket.answer(LINK, sent_ns)


async def test_a_silent_connection_is_written_to_no_more(socket: FastSocket) -> None:
    socket._answer_within_s = 0.0

    with pytest.raises(OutcomeUnknown, match="no answer came in time"):
        await socket.answer(LINK, time.monotonic_ns())

    assert not socket.wire.is_open


async def test_an_unreadable_frame_and_a_pong_are_nobodys_answer(socket: FastSocket) -> None:
    socket._take(b"{", heard_ns=1)
    socket._take(b'{"op":"pong","retCode":0}', heard_ns=1)

    assert socket._waiting == {}
