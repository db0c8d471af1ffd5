"""The generated market against docs/market.md: measured facts, and how far it may be from them."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import math
import os
import statistics
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from market_facts import (
    FACTS,
    OF_TRADES,
    SEED,
    SYMBOLS,
    Fact,
    Measured,
    Statistics,
    gaps_ms,
    generated,
    of_tape,
    rows_of,
    table,
    value_of,
)

from synthcore.errors import ConfigError
from synthcore.exchange.market.generator import START_MS, Generator
from synthcore.exchange.market.instruments import instruments_for, made_up_instruments
from synthcore.exchange.market.state import MarketState

DOCUMENT = Path(__file__).parents[2] / "docs" / "market.md"


SHARED = Path(os.environ.get("SYNTHTEST_SHARED", ""))
TAPE = SHARED / "data" / "bybit" / "trades_linear_BTCUSDT_20251204_2008_2245.csv.gz"


@pytest.fixture(scope="module")
def measured() -> Measured:
    return generated()


@pytest.fixture(scope="module")
def market(measured: Measured) -> dict[str, Statistics]:
    """With one seed."""
    return {symbol: of_seeds[0] for symbol, of_seeds in measured.items()}


@pytest.mark.parametrize("fact", FACTS, ids=[f"{fact.claim} {fact.symbol}" for fact in FACTS])
def test_the_generator_looks_as_measured(measured: Measured, fact: Fact) -> None:
    value = value_of(fact, measured)

    assert fact.low <= value <= fact.high, f"{fact.claim}: {value:.3f}, was {fact.fact}"


def test_the_bounds_of_trades_are_those_of_the_tapes_ten_minutes() -> None:
    if not TAPE.is_file():
        pytest.skip("the tape of real trades is not on this machine (SYNTHTEST_SHARED)")
    with gzip.open(TAPE, "rt") as file:
        rows = [
            (int(row["ts"]), row["price"], "-" * (row["is_buyer_maker"] == "1") + row["qty"])
            for row in csv.DictReader(file)
        ]

    windows = of_tape(rows)

    assert len(windows) == 15
    for fact in OF_TRADES:
        values = [fact.measure(window) for window in windows]
        assert (fact.low, fact.high) == pytest.approx((min(values), max(values)), rel=0.005), fact.claim


def test_the_document_has_the_generators_numbers(measured: Measured) -> None:
    first, last = rows_of(DOCUMENT.read_text())

    written = DOCUMENT.read_text().splitlines()[first:last]

    assert written == table(measured), "write them: python tests/support/market_facts.py docs/market.md"


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_nothing_is_ever_crossed_or_empty(market: dict[str, Statistics], symbol: str) -> None:
    for top in market[symbol].tops:
        assert 0 < top.bid < top.ask
        assert top.bid_size > 0
        assert top.ask_size > 0


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_tickers_come_on_a_grid_of_100_ms(market: dict[str, Statistics], symbol: str) -> None:
    times_ms = [ts_ms for ts_ms, _ in market[symbol].tickers]

    gaps = {b - a for a, b in itertools.pairwise(times_ms)}

    assert {gap % 100 for gap in gaps} == {0}
    assert min(gaps) == 100


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_side_of_a_ticker_is_always_whole(market: dict[str, Statistics], symbol: str) -> None:
    for _, data in market[symbol].tickers:
        assert ("bid1Price" in data) == ("bid1Size" in data)
        assert ("ask1Price" in data) == ("ask1Size" in data)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_mark_and_index_stay_near_the_market(market: dict[str, Statistics], symbol: str) -> None:
    mids = {top.ts_ms // 1000: top.mid for top in market[symbol].tops}
    marks = [
        (ts_ms // 1000, float(d["markPrice"])) for ts_ms, d in market[symbol].tickers if "markPrice" in d
    ]
    distances = [abs(mark / mids[second] - 1) * 1e4 for second, mark in marks if second in mids]

    assert len(distances) > 100
    assert statistics.median(distances) < 2.5
    assert max(distances) < 25


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_level_one_keeps_to_its_slots_and_repeats_after_three_seconds(
    market: dict[str, Statistics], symbol: str
) -> None:
    gaps = gaps_ms(market[symbol])

    assert min(gaps) >= 10
    assert {gap % 10 for gap in gaps} == {0}
    assert max(gaps) <= 3000


def test_silence_repeats_the_same_update_id() -> None:
    (raw,) = made_up_instruments(1)
    seen: list[tuple[int, int]] = []

    for frame in Generator([raw], SEED, depths=()).frames():
        if frame.topic.startswith("orderbook.1."):
            message = json.loads(frame.text)
            seen.append((message["ts"], message["data"]["u"]))
        if frame.due_ns > 3600e9:
            break

    repeats = [(a, b) for a, b in itertools.pairwise(seen) if a[1] == b[1]]
    steps = Counter(b[1] - a[1] for a, b in itertools.pairwise(seen))
    assert set(steps) <= {0, 1}
    assert all(b[0] - a[0] == 3000 for a, b in repeats)
    assert max(b[0] - a[0] for a, b in itertools.pairwise(seen)) <= 3000


# Determinism


def first(generator: Generator, count: int) -> list[Any]:
    return list(itertools.islice(generator.frames(), count))


def test_the_same_seed_gives_the_same_bytes() -> None:
    instruments = instruments_for(SYMBOLS)

    assert first(Generator(instruments, 3), 3000) == first(Generator(instruments, 3), 3000)
    assert first(Generator(instruments, 3), 3000) != first(Generator(instruments, 4), 3000)


def test_a_symbol_does_not_depend_on_the_others() -> None:
    alone = first(Generator(instruments_for(["ETHUSDT"]), 3), 500)
    together = [f for f in first(Generator(instruments_for(SYMBOLS), 3), 3000) if "ETHUSDT" in f.topic][:500]

    assert together == alone


def test_another_start_changes_nothing_but_times() -> None:
    instruments = instruments_for(["BTCUSDT"])
    shift_ms = 123_456

    later = first(Generator(instruments, 3, start_ms=START_MS + shift_ms), 500)

    for frame, shifted in zip(first(Generator(instruments, 3), 500), later, strict=True):
        before, after = json.loads(frame.text), json.loads(shifted.text)
        assert (frame.due_ns, frame.topic) == (shifted.due_ns, shifted.topic)
        assert after["ts"] - before["ts"] == shift_ms
        if frame.topic.startswith(("tickers", "orderbook")):
            assert after["data"] == before["data"]


def test_at_another_speed_times_follow_the_clock() -> None:
    for frame in first(Generator(instruments_for(["BTCUSDT"]), 3, speed=4.0), 500):
        message = json.loads(frame.text)
        assert abs(message["ts"] - START_MS - frame.due_ns / 1e6) <= 1


def test_frames_come_in_order_of_time() -> None:
    due_ns = [frame.due_ns for frame in first(Generator(instruments_for(SYMBOLS), 3), 5000)]

    assert due_ns == sorted(due_ns)


def test_hundreds_of_symbols_are_possible() -> None:
    generator = Generator(made_up_instruments(300), SEED, depths=(50,))

    frames = first(generator, 5000)

    assert len({frame.topic.rpartition(".")[2] for frame in frames}) == 300
    assert {frame.topic for frame in frames} <= generator.topics


def test_an_unknown_symbol_is_refused_in_one_sentence() -> None:
    with pytest.raises(ConfigError, match="was 'BTCUSD'"):
        instruments_for(["ETHUSDT", "BTCUSD"])


@pytest.mark.parametrize("bad", [{"speed": 0.0}, {"speed": math.inf}, {"speed": math.nan}, {"depths": (20,)}])
def test_a_setting_that_can_not_work_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Generator(instruments_for(["BTCUSDT"]), **bad)


# Funding


def test_the_next_funding_lies_on_the_grid_and_moves_on() -> None:
    interval_ms = 8 * 3600 * 1000
    start_ms = (START_MS // interval_ms + 1) * interval_ms - 30_000
    announced: list[tuple[int, int]] = []

    for frame in Generator(instruments_for(["BTCUSDT"]), SEED, start_ms=start_ms, depths=()).frames():
        message = json.loads(frame.text)
        if frame.topic.startswith("tickers.") and "nextFundingTime" in message["data"]:
            announced.append((message["ts"], int(message["data"]["nextFundingTime"])))
        if frame.due_ns > 60e9:
            break

    assert [next_ms for _, next_ms in announced] == [start_ms + 30_000, start_ms + 30_000 + interval_ms]
    assert announced[1][0] - (start_ms + 30_000) < 2000


def test_funding_rates_stay_below_their_cap() -> None:
    for seed in range(200):
        (raw,) = instruments_for(["BTCUSDT"])
        frame = next(f for f in Generator([raw], seed).frames() if f.topic.startswith("tickers."))
        data = json.loads(frame.text)["data"]
        assert abs(Decimal(data["fundingRate"])) <= Decimal(data["fundingCap"])


# A client that merges


@pytest.mark.parametrize("symbol", [*SYMBOLS, "SYM001USDT"])
def test_a_merged_book_has_exactly_its_depth_and_no_gap(symbol: str) -> None:
    raw = made_up_instruments(1) if symbol.startswith("SYM") else instruments_for([symbol])
    state = MarketState()
    last_u = dict.fromkeys((50, 200), 0)

    for frame in first(Generator(raw, SEED), 6000):
        assert state.apply(frame.topic, frame.text)
        if not frame.topic.startswith(("orderbook.50", "orderbook.200")):
            continue
        depth = int(frame.topic.split(".")[1])
        message = json.loads(frame.text)
        u = message["data"]["u"]
        assert u == last_u[depth] + 1 or message["type"] == "snapshot"
        last_u[depth] = u
        bids, asks = state.levels(symbol, depth)
        assert len(bids) == len(asks) == depth
        assert bids[0][0] < asks[0][0]

    assert state.uncrossed == 0


def test_the_shallow_books_are_the_beginning_of_the_deep_one() -> None:
    state = MarketState()
    compared = 0

    for frame in first(Generator(instruments_for(["BTCUSDT"]), SEED), 8000):
        state.apply(frame.topic, frame.text)
        message = json.loads(frame.text)
        if frame.topic.startswith("orderbook.200") and message["ts"] % 20 == 0:
            deep, shallow = state.levels("BTCUSDT", 200), state.levels("BTCUSDT", 50)
            assert [side[:50] for side in deep] == list(shallow)
            assert [side[:1] for side in deep] == list(state.levels("BTCUSDT", 1))
            compared += 1
    assert compared > 50


def test_every_delete_names_a_level_that_the_client_has() -> None:
    held: tuple[set[str], set[str]] = (set(), set())

    for frame in first(Generator(instruments_for(["BTCUSDT"]), SEED), 8000):
        if not frame.topic.startswith("orderbook.50"):
            continue
        message = json.loads(frame.text)
        for side, levels in zip(held, (message["data"]["b"], message["data"]["a"]), strict=True):
            for price, size in levels:
                if size == "0":
                    side.remove(price)
                else:
                    side.add(price)


def test_trades_print_at_prices_of_the_market() -> None:
    state = MarketState()
    checked = 0

    for frame in first(Generator(instruments_for(["BTCUSDT"]), SEED), 20_000):
        if frame.topic.startswith("publicTrade."):
            best_bid, best_ask = (side[0][0] for side in state.levels("BTCUSDT", 1))
            trade = json.loads(frame.text)["data"][0]
            price = Decimal(trade["p"])
            assert price >= best_ask if trade["S"] == "Buy" else price <= best_bid
            checked += 1
        state.apply(frame.topic, frame.text)
    assert checked > 500
