"""MarketState against a plain dictionary of levels."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from synthcore.exchange.market.frames import book_frame
from synthcore.exchange.market.state import MarketState

# Bids below 50, asks above: no frame is crossed, so that the plain model needs no rule for it.
SIZES = st.integers(0, 5).map(str)
BIDS = st.dictionaries(st.integers(1, 49).map(str), SIZES, max_size=6)
ASKS = st.dictionaries(st.integers(51, 99).map(str), SIZES, max_size=6)
FRAMES = st.lists(
    st.tuples(st.sampled_from(["snapshot", "delta", "delta", "delta"]), BIDS, ASKS), max_size=25
)


@settings(max_examples=200, deadline=None)
@given(FRAMES)
def test_merged_books_equal_a_plain_dictionary(
    frames: list[tuple[str, dict[str, str], dict[str, str]]],
) -> None:
    state = MarketState()
    plain: tuple[dict[str, str], dict[str, str]] = ({}, {})

    for u, (kind, bids, asks) in enumerate(frames):
        text = book_frame(50, "BTCUSDT", kind, bids.items(), asks.items(), u=u, seq=u, ts_ms=u, cts_ms=u)
        assert state.apply("orderbook.50.BTCUSDT", text)
        for side, changes in zip(plain, (bids, asks), strict=True):
            if kind == "snapshot":
                side.clear()
            side.update(changes)

    expected = [
        sorted(((Decimal(p), Decimal(q)) for p, q in side.items() if q != "0"), reverse=is_bid)
        for side, is_bid in zip(plain, (True, False), strict=True)
    ]
    assert [list(side) for side in state.levels("BTCUSDT", 50)] == expected
    assert state.uncrossed == 0
