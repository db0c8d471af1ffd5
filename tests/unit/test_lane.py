"""The lane's slots: what is allowed is spent once, at prices as the desk would name them."""

from __future__ import annotations

import mmap
import time
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthcore._core.kernel import Kernel
from synthcore._core.lane import SLOT_BYTES, CallWire, Lane
from synthcore._core.pipeline import Pipeline
from synthcore.model import Instrument, OrderRequest
from synthcore.orders.bybit import create_order
from synthcore.orders.fast import PRICE_FIELD, TIME_FIELD, around
from synthcore.orders.socket import TradeSocket
from synthcore.qualification import QualificationRules
from synthcore.risk.sizing import entry_side, marketable_price
from synthcore.venues.bybit.signing import Signer

BID, ASK = 60000.0, 60000.1
SECOND_NS = 1_000_000_000
SERVER_OFFSET_NS = 1_700_000_000_000 * 1_000_000
entry = TradeSocket("ws://127.0.0.1/", Signer("key", "secret"), lambda: 1_700_000_000_000.0)


def order(leg: int, price: Decimal = Decimal(1)) -> OrderRequest:
    return OrderRequest(
        symbol="BTCUSDT",
        side=entry_side(leg),
        qty=Decimal("0.016"),
        order_type="Limit",
        link_id=f"st12345678-1-{'LS'[leg]}-e0",
        price=price,
        position_idx=(1, 2)[leg],
    )


def text_of(leg: int, price: Decimal = Decimal(1)) -> bytes:
    request = order(leg, price)
    body = msgspec.json.encode(create_order(request))
    return entry.call_frame(request.link_id, "/v5/order/create", body, 1000)


def parts(leg: int) -> tuple[bytes, bytes, bytes]:
    before_time, rest = around(text_of(leg), TIME_FIELD)
    before_price, after = around(rest, PRICE_FIELD)
    return before_time, before_price, after


def fill(lane: Lane, symbol_id: int = 0, **changes: Any) -> None:
    terms: dict[str, Any] = {
        "expires_ns": time.monotonic_ns() + SECOND_NS,
        "least_bid": BID * 0.999,
        "most_ask": ASK * 1.001,
        "server_offset_ns": SERVER_OFFSET_NS,
        "tick_size": Decimal("0.1"),
        "max_cross_bps": Decimal(5),
        "begun": b"begun",
    }
    lane.fill(symbol_id, (parts(0), parts(1)), **(terms | changes))


class Wired:
    """A lane behind the production kernel, in the thread of the test."""

    def __init__(self, symbols: int = 1, **options: Any) -> None:
        self.sent: list[bytes] = []
        self.wire = CallWire(self.sent.append)
        self.lane = Lane(symbols, self.wire, **options)
        self.kernel = Kernel(symbols, QualificationRules())
        for symbol_id in range(symbols):
            self.kernel.set_inputs(
                symbol_id, spread_bps=50.0, funding_delta=0.0075, position_size=1000.0, fees_bps=11.0
            )
        self.kernel.send_by(self.lane)
        self.pipeline = Pipeline(self.kernel)
        self.pipeline.start("inline")

    def tick(self, bid: float = BID, ask: float = ASK, symbol_id: int = 0) -> None:
        self.pipeline.push(symbol_id, bid, ask, 1.0, 1.0, 7, time.monotonic_ns())


def test_what_is_allowed_is_sent_once() -> None:
    wired = Wired()
    fill(wired.lane)

    wired.tick()
    wired.tick()

    (spent,) = wired.lane.drain()
    assert len(wired.sent) == 2
    assert (spent.bid, spent.ask, spent.exchange_us, spent.begun) == (BID, ASK, 7, b"begun")
    assert 0 < spent.recv_ns <= spent.decided_ns <= spent.sent_ns[0] <= spent.sent_ns[1]
    assert wired.lane.drain() == []
    assert wired.kernel.drain_decisions() == []  # the second one found the symbol busy
    assert wired.kernel.funnel()["suppressed"]["symbol_busy"] == 1


def test_the_frames_are_those_of_the_slow_path() -> None:
    wired = Wired()
    fill(wired.lane)

    wired.tick()

    (spent,) = wired.lane.drain()
    for leg, text in enumerate(wired.sent):
        expected = msgspec.json.decode(text_of(leg, spent.limits[leg]))
        expected["header"]["X-BAPI-TIMESTAMP"] = str(spent.server_ms)
        assert msgspec.json.decode(text) == expected
    assert spent.server_ms == (spent.decided_ns + SERVER_OFFSET_NS) // 1_000_000
    assert spent.limits == (Decimal("60030.1"), Decimal("59970.0"))


ticks_of = st.sampled_from(["0.1", "0.5", "0.01", "0.05", "0.0001", "0.25", "1", "5", "0.000001", "0.10"])


@given(
    ticks_of.map(Decimal),
    st.integers(1, 10_000_000),
    st.integers(1, 50),
    st.sampled_from(["5", "2.5", "0.1", "12.34", "100", "0.0001"]).map(Decimal),
)
def test_prices_are_those_of_the_slow_path(
    tick_size: Decimal, bid_ticks: int, spread: int, cross_bps: Decimal
) -> None:
    bid, ask = float(bid_ticks * tick_size), float((bid_ticks + spread) * tick_size)
    instrument = Instrument("X", tick_size, Decimal(1), Decimal(1), Decimal(1), Decimal(1), Decimal(1))
    expected = [marketable_price(instrument, entry_side(leg), bid, ask, float(cross_bps)) for leg in (0, 1)]
    wired = Wired()
    fill(wired.lane, least_bid=0.0, most_ask=1e15, tick_size=tick_size, max_cross_bps=cross_bps)

    wired.tick(bid, ask)

    (spent,) = wired.lane.drain()
    assert list(spent.limits) == expected
    for leg, text in enumerate(wired.sent):
        assert Decimal(msgspec.json.decode(text)["args"][0]["price"]) == expected[leg]


@pytest.mark.parametrize(
    ("terms", "quote"),
    [
        ({"expires_ns": 1}, (BID, ASK)),
        ({"least_bid": BID + 1}, (BID, ASK)),
        ({"most_ask": ASK - 1}, (BID, ASK)),
        ({}, (BID, 60000.17)),  # not on the grid
    ],
    ids=["expired", "below the band", "above the band", "off the grid"],
)
def test_what_is_not_allowed_goes_to_the_desk(terms: dict[str, Any], quote: tuple[float, float]) -> None:
    wired = Wired()
    fill(wired.lane, **terms)

    wired.tick(*quote)

    assert wired.sent == []
    assert len(wired.kernel.drain_decisions()) == 1
    assert wired.lane.state(0) == "ready"


def test_nothing_goes_into_a_wire_that_is_shut() -> None:
    wired = Wired()
    fill(wired.lane)
    wired.wire.shut()

    wired.tick()

    assert wired.sent == []
    assert len(wired.kernel.drain_decisions()) == 1
    assert wired.lane.revoke(0)


def test_what_is_revoked_is_not_sent_and_what_is_sent_is_not_revoked() -> None:
    wired = Wired(symbols=2)
    fill(wired.lane, 0)
    fill(wired.lane, 1)

    assert wired.lane.revoke(0)
    wired.tick(symbol_id=0)
    wired.tick(symbol_id=1)

    assert not wired.lane.revoke(0)
    assert not wired.lane.revoke(1)
    assert [spent.symbol_id for spent in wired.lane.drain()] == [1]


def test_a_renewed_one_is_allowed_for_longer() -> None:
    wired = Wired()
    fill(wired.lane, expires_ns=1)

    assert wired.lane.renew(0, expires_ns=time.monotonic_ns() + SECOND_NS, server_offset_ns=0)
    wired.tick()

    assert len(wired.sent) == 2
    assert not wired.lane.renew(0, expires_ns=0, server_offset_ns=0)


def test_a_send_that_fails_leaves_an_order_that_may_have_left() -> None:
    wired = Wired()

    def break_at_the_second(text: bytes) -> None:
        wired.sent.append(text)
        if len(wired.sent) == 2:
            raise OSError("broken")

    wired.lane = Lane(1, CallWire(break_at_the_second))
    wired.kernel.send_by(wired.lane)
    fill(wired.lane)

    wired.tick()

    (spent,) = wired.lane.drain()
    assert spent.sent_ns[0] > 0
    assert spent.sent_ns[1] == 0
    assert isinstance(wired.lane.failure, OSError)


def test_who_has_a_clock_of_his_own_decides_and_stamps_by_it() -> None:
    sent: list[bytes] = []
    ticks = iter((21, 22))
    lane = Lane(1, CallWire(sent.append, lambda: next(ticks)))
    fill(lane, expires_ns=20)

    too_late = lane.spend(0, BID, ASK, recv_ns=18, decided_ns=20)
    in_time = lane.spend(0, BID, ASK, recv_ns=18, decided_ns=19, exchange_us=7)

    (spent,) = lane.drain()
    assert (too_late, in_time, len(sent)) == (False, True, 2)
    assert (spent.recv_ns, spent.decided_ns, spent.sent_ns, spent.exchange_us) == (18, 19, (21, 22), 7)


def test_a_wire_takes_frames_only_while_it_is_open() -> None:
    sent: list[bytes] = []
    lane = Lane(1, wire := CallWire(sent.append))
    fill(lane)

    wire.shut()
    assert not lane.spend(0, BID, ASK, recv_ns=1, decided_ns=2)
    wire.open(None)
    assert lane.spend(0, BID, ASK, recv_ns=1, decided_ns=2)


def test_a_slot_is_filled_again_only_when_it_was_cleared() -> None:
    wired = Wired()
    fill(wired.lane)
    wired.tick()
    wired.lane.drain()

    with pytest.raises(RuntimeError, match="must be empty to be filled, 0 is handed"):
        fill(wired.lane)
    wired.lane.clear(0)
    fill(wired.lane)

    assert wired.lane.state(0) == "ready"


def test_the_record_is_there_before_the_first_frame_leaves() -> None:
    memory = mmap.mmap(-1, SLOT_BYTES)
    seen: list[tuple[str, int]] = []

    def look(text: bytes) -> None:
        other = Lane(1, CallWire(print), memory)
        seen.append((other.state(0), len(other.recorded())))

    wired = Wired(buffer=memory)
    lane = Lane(1, CallWire(look), memory)
    wired.kernel.send_by(lane)
    fill(lane)
    nothing_yet = lane.recorded()

    wired.tick()

    assert nothing_yet == []
    assert seen == [("recorded", 1), ("recorded", 1)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"begun": b"x" * 4096}, "what the trade begins with must have 1 to 2304 bytes, had 4096"),
        ({"tick_size": Decimal("1E+2")}, "a tick size must have 0 to 15 decimals"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], said: str) -> None:
    wired = Wired()

    with pytest.raises(ValueError, match=said):
        fill(wired.lane, **changes)

    assert wired.lane.state(0) == "empty"


def test_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(IndexError, match="0 to 0 here, was 1"):
        Wired().lane.revoke(1)
