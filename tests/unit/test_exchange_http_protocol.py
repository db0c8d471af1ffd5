"""Calls that are answered straight and calls that uvicorn begins look alike on the wire."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from synthcore.exchange.http_protocol import ExchangeProtocol
from synthcore.exchange.listen import listening
from synthcore.exchange.server import opened
from synthcore.exchange.settings import ExchangeSettings
from synthcore.exchange.venue import Venue

SETTINGS = ExchangeSettings(market="steady", symbols=("BTCUSDT",))
STRAIGHT = b"GET /v5/market/time HTTP/1.1\r\nHost: x\r\n\r\n"
LONG_WAY = b"GET /v5/market/time?a=%20 HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /v5/market/time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

ANY_NUMBER = re.compile(rb"[0-9a-f]{9,}|\d\d:\d\d:\d\d")


class Connection:
    """What comes back for bytes, until the exchange closes."""

    def __init__(self) -> None:
        self.began: list[bytes] = []  # URLs of the calls that uvicorn began

    def talk(self, *pieces: bytes, breaks: bool = False) -> bytes:
        return asyncio.run(self._talk(pieces, breaks))

    async def _talk(self, pieces: tuple[bytes, ...], breaks: bool) -> bytes:
        async with opened(SETTINGS, None) as (doors, _):
            (venue,) = doors
            assert isinstance(venue, Venue)
            if breaks:
                venue.rest._routes.clear()
                venue.rest._now_ms = lambda: 1 // 0
            async with listening(venue, None) as at:
                host, _, port = at.rest.rpartition("/")[2].partition(":")
                reader, writer = await asyncio.open_connection(host, int(port))
                for piece in pieces:
                    writer.write(piece)
                    await asyncio.sleep(0)
                said = await asyncio.wait_for(reader.read(), 10)
                writer.close()
        return said


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    connection, begin = Connection(), ExchangeProtocol._go_the_long_way

    def note(self: ExchangeProtocol) -> None:
        connection.began.append(self.url)
        begin(self)

    monkeypatch.setattr(ExchangeProtocol, "_go_the_long_way", note)
    return connection


def answers(said: bytes) -> list[bytes]:
    """The answers with what differs from call to call taken out."""
    return [ANY_NUMBER.sub(b"N", answer) for answer in said.split(b"HTTP/1.1 ")[1:]]


def test_both_ways_write_the_same(connection: Connection) -> None:
    straight, long_way, _ = answers(connection.talk(STRAIGHT + LONG_WAY + LAST))

    assert straight == long_way
    assert straight.startswith(b"200 OK\r\ndate: ")
    assert connection.began == [b"/v5/market/time?a=%20", b"/v5/market/time"]


def test_answers_come_in_the_order_of_the_calls(connection: Connection) -> None:
    refused = b"POST /v5/order/create HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"

    said = connection.talk(LONG_WAY + STRAIGHT + refused + LONG_WAY + LAST)

    assert [answer[:3] for answer in answers(said)] == [b"200", b"200", b"401", b"200", b"200"]


def test_a_body_in_pieces_is_read_whole(connection: Connection) -> None:
    head = b"POST /v5/order/create HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"

    said = connection.talk(head, b"{}", b"  ", LAST)

    assert [answer[:3] for answer in answers(said)] == [b"401", b"200"]


def test_a_large_body_is_left_to_uvicorn(connection: Connection) -> None:
    body = b" " * 2_000_000
    head = b"POST /v5/order/create HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)

    said = connection.talk(head + body + LAST)

    assert b"params error: body invalid" in said
    assert connection.began[0] == b"/v5/order/create"


def test_a_failure_of_ours_is_answered_500_and_ends_the_connection(connection: Connection) -> None:
    said = connection.talk(STRAIGHT + STRAIGHT, breaks=True)

    assert answers(said)[0].startswith(b"500 Internal Server Error")
    assert b"connection: close" in said
