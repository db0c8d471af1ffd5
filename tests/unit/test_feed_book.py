"""The 50-level book: what it trusts and what it refuses."""

from __future__ import annotations

import pytest

from synthcore.feed.book import BookOutcome, OrderBook, Top
from synthcore.venues.bybit.public import BookData, BookFrame

Levels = list[tuple[float, float]]


def frame(kind: str, u: int, bids: Levels, asks: Levels) -> BookFrame:
    data = BookData(s="BTCUSDT", b=bids, a=asks, u=u)
    return BookFrame(topic="orderbook.50.BTCUSDT", type=kind, ts=1, data=data)  # type: ignore[arg-type]


@pytest.fixture
def book() -> OrderBook:
    book = OrderBook()
    book.apply(frame("snapshot", 100, [(10.0, 1.0), (9.0, 2.0)], [(11.0, 3.0), (12.0, 4.0)]))
    return book


def test_deltas_set_and_delete_levels(book: OrderBook) -> None:
    outcome = book.apply(frame("delta", 101, [(10.0, 0.0), (9.5, 5.0)], [(11.0, 6.0)]))

    assert outcome is BookOutcome.APPLIED
    assert book.top() == Top(9.5, 5.0, 11.0, 6.0)


def test_a_missing_update_ends_trust_until_a_snapshot(book: OrderBook) -> None:
    outcomes = [book.apply(frame("delta", u, [(10.0, 7.0)], [])) for u in (102, 103)]
    trusted_meanwhile = book.is_trusted

    book.apply(frame("snapshot", 110, [(20.0, 1.0)], [(21.0, 1.0)]))

    assert outcomes == [BookOutcome.GAP, BookOutcome.WAITING]
    assert not trusted_meanwhile
    assert book.is_trusted
    assert book.top() == Top(20.0, 1.0, 21.0, 1.0)


def test_update_id_1_starts_the_book_anew_even_in_a_delta(book: OrderBook) -> None:
    outcome = book.apply(frame("delta", 1, [(5.0, 1.0)], [(6.0, 1.0)]))

    assert outcome is BookOutcome.APPLIED
    assert book.bids == {5.0: 1.0}
    assert book.asks == {6.0: 1.0}


def test_a_burst_of_old_deltas_after_the_snapshot_is_no_gap(book: OrderBook) -> None:
    outcomes = [book.apply(frame("delta", u, [(10.0, 9.0)], [])) for u in (98, 99, 100)]

    assert outcomes == [BookOutcome.STALE] * 3
    assert book.top() == Top(10.0, 1.0, 11.0, 3.0)
    assert book.apply(frame("delta", 101, [], [])) is BookOutcome.APPLIED


def test_deltas_before_the_first_snapshot_wait() -> None:
    assert OrderBook().apply(frame("delta", 5, [], [])) is BookOutcome.WAITING


def test_an_empty_side_has_no_top(book: OrderBook) -> None:
    book.apply(frame("delta", 101, [(10.0, 0.0), (9.0, 0.0)], []))

    assert book.top() is None


@pytest.mark.parametrize(
    "level", [(0.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (float("nan"), 1.0), (1.0, float("inf"))]
)
def test_an_impossible_level_is_refused_and_the_book_unchanged(
    book: OrderBook, level: tuple[float, float]
) -> None:
    with pytest.raises(ValueError, match="price above 0"):
        book.apply(frame("delta", 101, [(10.0, 0.0)], [level]))

    assert book.top() == Top(10.0, 1.0, 11.0, 3.0)
    assert book.update_id == 100
