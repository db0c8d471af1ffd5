from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from synthcore.exchange.market.frames import book_frame, ticker_frame
from synthcore.exchange.market.state import MarketState


def book(depth: int, kind: str, bids: str, asks: str, u: int = 1, seq: int = 1) -> tuple[str, bytes]:
    """`bids` and `asks` as "price:size price:size"."""
    pairs = [[(p, q) for p, q in (level.split(":") for level in side.split())] for side in (bids, asks)]
    return f"orderbook.{depth}.BTCUSDT", book_frame(
        depth, "BTCUSDT", kind, *pairs, u=u, seq=seq, ts_ms=1000 + u, cts_ms=900 + u
    )


def ticker(kind: str, cs: int = 1, **fields: str) -> tuple[str, bytes]:
    return "tickers.BTCUSDT", ticker_frame("BTCUSDT", kind, fields, cs, 1000 + cs)


def shown(levels: Any) -> str:
    return " ".join(f"{price}:{size}" for price, size in levels)


def state_after(*frames: tuple[str, bytes]) -> MarketState:
    state = MarketState()
    for topic, text in frames:
        assert state.apply(topic, text)
    return state


def test_a_ticker_delta_changes_only_what_it_carries() -> None:
    state = state_after(
        ticker("snapshot", bid1Price="10.5", bid1Size="1", ask1Price="10.6", ask1Size="2", markPrice="10.55"),
        ticker("delta", bid1Price="10.4", bid1Size="3"),
    )

    assert state.ticker("BTCUSDT") == {
        "symbol": "BTCUSDT",
        "bid1Price": "10.4",
        "bid1Size": "3",
        "ask1Price": "10.6",
        "ask1Size": "2",
        "markPrice": "10.55",
    }


def test_a_ticker_snapshot_forgets_what_was_before() -> None:
    state = state_after(ticker("snapshot", markPrice="1", lastPrice="2"), ticker("snapshot", markPrice="3"))

    assert (state.mark("BTCUSDT"), state.last("BTCUSDT")) == (Decimal(3), None)


def test_prices_follow_the_ticker() -> None:
    state = state_after(ticker("snapshot", markPrice="1.50", lastPrice="2", indexPrice="3"))
    before = state.mark("BTCUSDT"), state.last("BTCUSDT"), state.index("BTCUSDT")

    state.apply(*ticker("delta", markPrice="1.75"))

    assert before == (Decimal("1.5"), Decimal(2), Decimal(3))
    assert state.mark("BTCUSDT") == Decimal("1.75")


def test_a_symbol_nobody_heard_of_is_empty_not_an_error() -> None:
    state = MarketState()

    assert state.ticker("X") == {}
    assert list(state.bids("X")) == list(state.asks("X")) == []
    assert state.mark("X") is None
    assert state.snapshot("tickers.X", 1) is None
    assert state.snapshot("orderbook.50.X", 1) is None
    assert state.snapshot("orderbook.many.X", 1) is None


def test_book_deltas_insert_replace_and_delete() -> None:
    state = state_after(
        book(50, "snapshot", "10:1 9:2", "11:1 12:2"),
        book(50, "delta", "9.5:7 9:0", "11:5", u=2),
        book(50, "delta", "8:1 4:0", "10.5:0.1 12:0.000", u=3),
    )

    assert shown(state.bids("BTCUSDT")) == "10:1 9.5:7 8:1"
    assert shown(state.asks("BTCUSDT")) == "10.5:0.1 11:5"


def test_a_snapshot_replaces_the_book_whatever_its_order() -> None:
    state = state_after(
        book(50, "snapshot", "10:1", "11:1"), book(50, "snapshot", "8:1 9:1 7:0", "13:1 12:1", u=1)
    )

    assert shown(state.bids("BTCUSDT")) == "9:1 8:1"
    assert shown(state.asks("BTCUSDT")) == "12:1 13:1"


def test_the_freshest_top_lies_over_the_deepest_book() -> None:
    deep = book(50, "snapshot", "10:1 9:2 8:3", "11:1 12:2 13:3", seq=5)
    newer = book(1, "snapshot", "9:9", "12:8", seq=6)
    older = book(1, "snapshot", "9:9", "12:8", seq=4)

    assert shown(state_after(deep, newer).bids("BTCUSDT")) == "9:9 8:3"
    assert shown(state_after(deep, newer).asks("BTCUSDT")) == "12:8 13:3"
    assert shown(state_after(deep, older).bids("BTCUSDT")) == "10:1 9:2 8:3"


def test_a_new_level_one_above_the_deep_book_hides_nothing() -> None:
    state = state_after(
        book(50, "snapshot", "10:1 9:2", "12:1 13:2", seq=5), book(1, "snapshot", "10.5:4", "11:3", seq=6)
    )

    assert shown(state.bids("BTCUSDT")) == "10.5:4 10:1 9:2"
    assert shown(state.asks("BTCUSDT")) == "11:3 12:1 13:2"


@pytest.mark.parametrize(
    ("bids", "asks", "left"),
    [("11.5:1", "", "11.5:1 10:1 9:1 | 12:1"), ("", "9.5:1", "9:1 | 9.5:1 11:1 12:1")],
)
def test_a_missed_deletion_never_leaves_the_book_crossed(bids: str, asks: str, left: str) -> None:
    state = state_after(book(50, "snapshot", "10:1 9:1", "11:1 12:1"))

    state.apply(*book(50, "delta", bids, asks, u=7))

    assert f"{shown(state.bids('BTCUSDT'))} | {shown(state.asks('BTCUSDT'))}" == left
    assert state.uncrossed == 1


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("tickers.BTCUSDT", b"{"),
        ("tickers.BTCUSDT", b'{"type":"delta","data":{"markPrice":7}}'),
        ("tickers.BTCUSDT", b'{"type":"delta"}'),
        ("tickers.BTCUSDT", b"\xff"),
        ("orderbook.50.BTCUSDT", b'{"type":"delta","data":{"b":[["9","x"]],"a":[]}}'),
        ("orderbook.50.BTCUSDT", b'{"type":"delta","data":{"b":[["8","1"],["-9","1"]],"a":[]}}'),
        ("orderbook.50.BTCUSDT", b'{"type":"delta","data":{"b":[["8","1"]],"a":[["12","NaN"]]}}'),
        ("orderbook.50.BTCUSDT", b'{"type":"delta","data":{"b":[["9","1","2"]],"a":[]}}'),
        ("orderbook.deep.BTCUSDT", b'{"type":"delta","data":{"b":[],"a":[]}}'),
        ("publicTrade.BTCUSDT", b'{"data":{}}'),
    ],
)
def test_a_malformed_frame_is_counted_and_changes_nothing(topic: str, text: bytes) -> None:
    state = state_after(ticker("snapshot", markPrice="1"), book(50, "snapshot", "10:1", "11:1"))

    accepted = state.apply(topic, text)

    assert not accepted
    assert state.malformed == 1
    assert state.ticker("BTCUSDT") == {"symbol": "BTCUSDT", "markPrice": "1"}
    assert shown(state.bids("BTCUSDT")) == "10:1"


def test_a_late_subscriber_gets_the_numbers_of_the_stream() -> None:
    state = state_after(
        book(50, "snapshot", "10.00:1.000 9.00:2.000", "11.00:1.000", u=41, seq=70),
        book(50, "delta", "9.00:0", "12.50:0.500", u=42, seq=77),
        ticker("snapshot", cs=9, markPrice="1"),
    )

    late = json.loads(state.snapshot("orderbook.50.BTCUSDT", 5000) or b"")
    late_ticker = json.loads(state.snapshot("tickers.BTCUSDT", 5000) or b"")

    assert late == {
        "topic": "orderbook.50.BTCUSDT",
        "type": "snapshot",
        "ts": 5000,
        "data": {
            "s": "BTCUSDT",
            "b": [["10.00", "1.000"]],
            "a": [["11.00", "1.000"], ["12.50", "0.500"]],
            "u": 42,
            "seq": 77,
        },
        "cts": 942,
    }
    assert (late_ticker["type"], late_ticker["cs"], late_ticker["ts"]) == ("snapshot", 9, 5000)
    assert late_ticker["data"] == {"symbol": "BTCUSDT", "markPrice": "1"}


def test_the_time_of_a_topic_never_goes_back() -> None:
    state = state_after(book(50, "snapshot", "10:1", "11:1"), ticker("snapshot", markPrice="1"))

    assert json.loads(state.snapshot("orderbook.50.BTCUSDT", 1) or b"")["ts"] == 1001
    assert json.loads(state.snapshot("tickers.BTCUSDT", 1) or b"")["ts"] == 1001


def test_trades_are_kept_within_bounds() -> None:
    state = MarketState()

    for number in range(2500):
        state.apply("publicTrade.BTCUSDT", b'{"type":"snapshot","data":[{"i":"%d"}]}' % number)

    assert [trade["i"] for trade in state.trades("BTCUSDT")] == [str(number) for number in range(1500, 2500)]
    assert state.snapshot("publicTrade.BTCUSDT", 1) is None
