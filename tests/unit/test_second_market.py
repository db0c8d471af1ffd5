"""The second venue's market: seeded, around the first one's price as measured, with a book of its own."""

from __future__ import annotations

import itertools
import math
import statistics
from random import Random

import msgspec
import pytest

from synthcore.exchange.market.frames import MarketFrame
from synthcore.exchange.market.generator import START_MS, Generator
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.market.second_venue import Deviation, Mids, SecondVenue, SharedSource
from synthcore.exchange.market.state import MarketState
from synthcore.exchange.steady import SteadyMarket

SECONDS = 300
STEP_NS = 10_000_000


def second_of(source, seed=2, half_life_s=1.0, sigma_bps=0.6):
    return SecondVenue(
        source.instruments,
        source.second_reading,
        seed,
        start_ms=START_MS,
        half_life_s=half_life_s,
        sigma_bps=sigma_bps,
    )


def generated(symbols=("BTCUSDT",), seed=1):
    return SharedSource(Generator(instruments_for(symbols), seed))


def tops(frames, seconds):
    """Mids each 10 ms."""
    found, mid, at_ns = [], math.nan, 0
    for frame in frames:
        while at_ns < min(frame.due_ns, seconds * 1_000_000_000):
            found.append(mid)
            at_ns += STEP_NS
        if frame.due_ns > seconds * 1e9:
            return found
        if frame.topic.startswith("orderbook.1."):
            data = msgspec.json.decode(frame.text)["data"]
            mid = (float(data["b"][0][0]) + float(data["a"][0][0])) / 2
    return found


@pytest.fixture(scope="module")
def deviations():
    """In basis points, of BTCUSDT each 10 ms."""
    source = generated()
    second = second_of(source)
    firsts, seconds = tops(source.frames(), SECONDS), tops(second.frames(), SECONDS)
    return [(b / a - 1) * 1e4 for a, b in zip(firsts, seconds, strict=True) if a == a and b == b]


# Binance's USDT perpetual beside its spot and coin-margined markets: standard deviation 0.58 to 0.65 bps,
# half-life 0.7 to 1.5 s, beyond 1 bp for 4 to 10 % of the time, beyond 2 bps for at most 0.5 %.


def test_the_deviation_is_as_large_as_measured(deviations):
    assert abs(statistics.fmean(deviations)) < 0.15
    assert 0.45 < statistics.pstdev(deviations) < 0.8
    assert 0.03 < share_beyond(deviations, 1) < 0.15
    assert share_beyond(deviations, 2) < 0.01


def test_half_of_a_deviation_is_gone_after_about_its_half_life(deviations):
    mean = statistics.fmean(deviations)
    centred = [value - mean for value in deviations]
    later = centred[100:]

    kept = sum(a * b for a, b in zip(centred, later, strict=False)) / sum(a * a for a in centred)

    assert 0.3 < kept < 0.65


def share_beyond(deviations, bps):
    return sum(abs(value) > bps for value in deviations) / len(deviations)


@pytest.mark.parametrize(("half_life_s", "sigma_bps"), [(0.2, 3.0), (5.0, 1.0)])
def test_the_process_keeps_to_its_parameters(half_life_s, sigma_bps):
    deviation = Deviation(half_life_s, sigma_bps, Random(3))
    step_ms = int(half_life_s * 1000)

    values = [deviation.at(number * step_ms) for number in range(20_000)]

    assert statistics.pstdev(values) == pytest.approx(sigma_bps, rel=0.05)
    assert statistics.correlation(values, values[1:] + values[:1]) == pytest.approx(0.5, abs=0.03)


def test_the_same_seeds_give_the_same_bytes_and_others_do_not():
    def frames(first, second):
        return list(itertools.islice(second_of(generated(seed=first), second).frames(), 2000))

    assert frames(1, 2) == frames(1, 2)
    assert frames(1, 2) != frames(1, 3)
    assert frames(1, 2) != frames(2, 2)


def test_its_books_and_trades_agree_with_its_prices():
    symbols = ("BTCUSDT", "DOGEUSDT")
    state, near = MarketState(), 0
    trades = 0

    for frame in itertools.islice(second_of(generated(symbols)).frames(), 6000):
        assert state.apply(frame.topic, frame.text)
        symbol = frame.topic.rpartition(".")[2]
        if frame.topic.startswith("orderbook"):
            bids, asks = state.bids(symbol), state.asks(symbol)
            assert bids[0][0] < asks[0][0]
        elif frame.topic.startswith("publicTrade") and state.bids(symbol):
            price = state.trades(symbol)[-1]["p"]
            trades += 1
            near += abs(float(price) / float(state.bids(symbol)[0][0]) - 1) < 5e-4

    assert state.uncrossed == 0
    assert trades > 50
    assert near == trades


def test_it_has_times_of_its_own():
    source = generated()
    second = second_of(source)

    def times(frames):
        tops = (frame.due_ns for frame in frames if frame.topic == "orderbook.1.BTCUSDT")
        return list(itertools.islice(tops, 200))

    assert len(set(times(source.frames())) & set(times(second.frames()))) < 120


def test_it_moves_around_a_market_that_stands_still():
    mids = tops(second_of(SharedSource(SteadyMarket(["BTCUSDT"], START_MS)), sigma_bps=5.0).frames(), 60)
    deviations = [(mid / 60_000 - 1) * 1e4 for mid in mids if mid == mid]

    assert 2.5 < statistics.pstdev(deviations) < 8


def test_nobody_reads_a_mid_before_its_time():
    frames = [
        MarketFrame(due_ns, "orderbook.1.AUSDT", b'{"data":{"b":[["%d","1"]],"a":[["%d","1"]]}}' % (bid, bid))
        for due_ns, bid in ((0, 10), (100, 20), (200, 30))
    ]
    mids = Mids(frames)

    assert mids.first("AUSDT") == 10
    assert [mids.at("AUSDT", now_ns) for now_ns in (0, 99, 100, 150, 5000)] == [10, 10, 20, 20, 30]


def test_a_contract_that_the_first_venue_does_not_quote_is_silent():
    assert Mids([]).first("AUSDT") is None
