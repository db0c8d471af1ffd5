"""The fast lane between desk and exchange: what stops entries stops it, and what it sent is the desk's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import msgspec
import pytest
from audit import audit
from dying_trader import QTY
from fast_desk import ASK, BID, FastDesk, fast_desk

from synthcore.exchange.process import ExchangeProcess
from synthcore.exchange.ready import AccountKey, Ready
from synthcore.exchange.settings import ExchangeSettings
from synthcore.orders.gateway import RateLimitSeen, StreamDown, StreamUp
from synthcore.risk.budget import RateBudget

ACCOUNTS = count()


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "tls"])
def exchange(request: pytest.FixtureRequest) -> Iterator[Ready]:
    settings = ExchangeSettings(
        market="steady",
        symbols=("BTCUSDT",),
        position_mode="hedge",
        rate_tier="off",
        tls=request.param,
        accounts=16,
    )
    with ExchangeProcess(settings) as ready, pytest.MonkeyPatch.context() as patch:
        if ready.ca_file is not None:
            patch.setenv("SSL_CERT_FILE", ready.ca_file)
        yield ready


@pytest.fixture
def account(exchange: Ready) -> AccountKey:
    return exchange.accounts[next(ACCOUNTS) % len(exchange.accounts)]


async def test_trades_of_the_lane_end_closed_one_after_the_other(
    exchange: Ready, account: AccountKey
) -> None:
    async with fast_desk(exchange, account) as fast:
        ends = [(await fast.trade()).end for _ in range(3)]

    assert ends == ["CLOSED"] * 3
    assert (await audit(exchange.rest, account)).flaws(3 * QTY) == []


async def test_an_event_of_a_trade_that_the_desk_has_not_heard_of_takes_it_over(
    exchange: Ready, account: AccountKey
) -> None:
    async with fast_desk(exchange, account) as fast:
        stop_reviews(fast)
        assert fast.tick()

        await fast.until("handed", "empty")  # by a fill, an order or a position of the account

        trade = await fast.driver().finished
        assert trade.end == "CLOSED"
        assert trade.fees_usdt > 0


STOPS = {
    "halt": lambda fast: fast.desk.halt("a loss"),
    "journal": lambda fast: fast.desk.on_journal_failure("the disk is full"),
    "stream": lambda fast: fast.desk.on_private_event(StreamDown("cut")),
    "shut out": lambda fast: fast.desk.on_rate_limit(
        RateLimitSeen("/v5/order/create", 0, 0, int(fast.desk.backend.server_time_ms()) + 60_000, True, True)
    ),
    "rate limit": lambda fast: fast.desk.on_rate_limit(
        RateLimitSeen("/v5/order/create", 10, 0, int(fast.desk.backend.server_time_ms()) + 60_000, True)
    ),
    "socket": lambda fast: fast.parts.socket.drop(),
    "wire": lambda fast: fast.parts.socket.wire.shut(),
}


@pytest.mark.parametrize("name", STOPS)
async def test_what_stops_entries_stops_the_lane_at_once(
    name: str, exchange: Ready, account: AccountKey
) -> None:
    async with fast_desk(exchange, account, RateBudget()) as fast:
        STOPS[name](fast)

        assert not fast.tick()

    assert (await audit(exchange.rest, account)).orders_of_link == {}


async def test_it_goes_on_when_stream_and_socket_are_back(exchange: Ready, account: AccountKey) -> None:
    async with fast_desk(exchange, account) as fast:
        fast.desk.on_private_event(StreamDown("cut"))
        fast.desk.on_private_event(StreamUp())
        assert (await fast.trade()).end == "CLOSED"
        fast.parts.socket.drop()
        await fast.until("empty")  # the keeper took it back

        assert (await fast.trade()).end == "CLOSED"


async def test_a_stop_takes_over_what_was_sent_just_before(exchange: Ready, account: AccountKey) -> None:
    async with fast_desk(exchange, account) as fast:
        assert fast.tick()

        stopped = await fast.desk.stop()

    assert stopped.flat
    found = await audit(exchange.rest, account)
    assert found.flaws(QTY) == []
    assert len(found.orders_of_link) >= 2


async def test_a_loop_that_hangs_allows_nothing_more(
    exchange: Ready, account: AccountKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthcore.execution.fast_lane.VALID_NS", 1)
    async with fast_desk(exchange, account) as fast:
        assert not fast.tick()


async def test_it_is_reserved_at_the_gate_and_gives_room_when_it_was_not_used(
    exchange: Ready, account: AccountKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fast_desk(exchange, account, max_concurrent_trades=1) as fast:
        gate, now_ns = fast.desk.gate, fast.desk.now_ns()

        assert gate.refusal("ETHUSDT", now_ns, now_ns) == "concurrency"
        assert gate.refusal("BTCUSDT", now_ns, now_ns) is None
        monkeypatch.setattr("synthcore.execution.fast_lane.STANDS_NS", 10**12)
        assert fast.desk.refusal("ETHUSDT", now_ns, 50.0) == "concurrency"
        monkeypatch.setattr("synthcore.execution.fast_lane.STANDS_NS", 0)
        assert fast.desk.refusal("ETHUSDT", now_ns, 50.0) is None
        assert fast.state == "empty"


async def test_it_is_sized_anew_when_prices_have_moved(exchange: Ready, account: AccountKey) -> None:
    async with fast_desk(exchange, account) as fast:
        keeper, lane = fast.parts.keeper, fast.parts.lane
        before = lane.read(0).begun
        keeper.review()
        same = lane.read(0).begun
        fast.desk.quote = lambda symbol: (BID * 1.1, ASK * 1.1, 0)  # and long ago: the tick will be new

        keeper.review()  # takes it back
        keeper.review()

        assert fast.state == "ready"
        assert same == before
        assert qty_in(lane.read(0).begun) < qty_in(before) == QTY


async def test_a_symbol_for_which_others_leave_no_room_is_not_asked_for_without_end(
    exchange: Ready, account: AccountKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fast_desk(exchange, account, RateBudget()) as fast:
        stop_reviews(fast)
        fast.desk.gate.reserved |= {"ETHUSDT", "SOLUSDT"}  # what they may send is all that fits
        seen: list[str] = []
        see_to = fast.parts.keeper._see_to
        monkeypatch.setattr(
            fast.parts.keeper, "_see_to", lambda symbol: (seen.append(symbol), see_to(symbol))
        )

        fast.parts.keeper.review()
        for _ in range(20):
            await asyncio.sleep(0)

        assert seen == ["BTCUSDT"]
        assert fast.state == "empty"


def stop_reviews(fast: FastDesk) -> None:
    assert fast.parts.keeper._reviewing is not None
    fast.parts.keeper._reviewing.cancel()


def qty_in(begun: bytes) -> Decimal:
    return Decimal(msgspec.json.decode(begun)["qty"])
