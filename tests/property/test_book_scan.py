"""A book frame that is read where it lies gives what a JSON decoder gives, whatever stands in it."""

from __future__ import annotations

import json

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synthcore.exchange.market.book_message import decode_book
from synthcore.exchange.market.book_state import BookState
from synthcore.exchange.market.frames import book_frame

NUMBERS = st.one_of(
    st.decimals(min_value=0, max_value=10**7, places=3).map(lambda number: f"{number:f}"),
    st.sampled_from(["0", "0.00", "1.", ".5", "1.2.3", "007", "99999999", "123456789.5", "0.12345678901"]),
    st.sampled_from(["", "-1", "1e3", "x", "١", "\\u0031", "NaN"]),
)
LEVELS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=5)
BIDS = st.lists(st.tuples(st.integers(1, 49).map(str), st.integers(0, 5).map(str)), max_size=5)
ASKS = st.lists(st.tuples(st.integers(48, 99).map(str), st.integers(0, 5).map(str)), max_size=5)
FRAMES = st.builds(
    lambda depth, kind, sides, number: book_frame(
        depth, "BTCUSDT", kind, *sides, u=number, seq=number + 1, ts_ms=number + 2, cts_ms=number + 3
    ),
    st.sampled_from([1, 50]),
    st.sampled_from(["snapshot", "delta"]),
    st.one_of(st.tuples(LEVELS, LEVELS), st.tuples(BIDS, ASKS)),
    st.sampled_from([0, 7, 10**17, 10**18]),
)
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, ValueError, ArithmeticError)


def after(state: BookState, text: bytes) -> object:
    """What became of a book."""
    try:
        removed = state.apply(text)
    except UNREADABLE:
        return "unreadable"
    return removed, state.u, state.seq, state.bids.texts, state.asks.texts, state.snapshot(50, "X", 0)


def spaced(text: bytes) -> bytes:
    """The same message as nobody would scan it."""
    try:
        return json.dumps(json.loads(text)).encode()
    except ValueError:
        return b" " + text


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAMES, min_size=1, max_size=6))
def test_a_scanned_frame_is_the_decoded_one(frames: list[bytes]) -> None:
    scanned, decoded = BookState(), BookState()

    for text in frames:
        assert after(scanned, text) == after(decoded, spaced(text))
    assert scanned.bids.levels == decoded.bids.levels


@settings(max_examples=500, deadline=None)
@given(FRAMES, st.integers(0, 400), st.binary(max_size=2), st.integers(0, 3))
@example(book_frame(1, "X", "delta", [("1", "2")], [], u=1, seq=1, ts_ms=1, cts_ms=1), 0, b"\x00", 1)
def test_a_damaged_frame_is_scanned_only_where_it_can_be_decoded(
    text: bytes, place: int, put: bytes, cut: int
) -> None:
    damaged = text[:place] + put + text[place + cut :]

    if after(BookState(), damaged) != "unreadable":
        decode_book(damaged)
        assert after(BookState(), damaged) == after(BookState(), spaced(damaged))
