"""The generated market against docs/market.md: measured facts, and how far it may be from them."""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from synthcore.errors import ConfigError
from synthcore.exchange.market.generator import START_MS, Generator
from synthcore.exchange.market.instruments import instruments_for, made_up_instruments
from synthcore.exchange.market.state import MarketState

SEED = 7
SECONDS = 600
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


class Top(NamedTuple):
    ts_ms: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float

    @property
    def mid(self) -> float:
        return (self.bid + self.ask) / 2


class Statistics:
    """What ten minutes of one symbol look like from outside, read from the frames alone."""

    def __init__(self, symbol: str) -> None:
        self.tops: list[Top] = []
        self.tickers: list[tuple[int, dict[str, str]]] = []
        self.fills: list[dict[str, Any]] = []
        self.tick = float(instruments_for([symbol])[0]["priceFilter"]["tickSize"])

    def read(self, topic: str, text: bytes) -> None:
        message = json.loads(text)
        if topic.startswith("orderbook.1."):
            data = message["data"]
            (bid, ask) = data["b"][0], data["a"][0]
            self.tops.append(Top(message["ts"], *map(float, bid), *map(float, ask)))
        elif topic.startswith("tickers.") and message["type"] == "delta":
            self.tickers.append((message["ts"], message["data"]))
        elif topic.startswith("publicTrade."):
            self.fills += message["data"]

    def moves_bps(self) -> list[tuple[int, float]]:
        pairs = itertools.pairwise(self.tops)
        return [(b.ts_ms, (b.mid / a.mid - 1) * 1e4) for a, b in pairs if a.mid != b.mid]

    def returns_bps(self, period_ms: int) -> list[float]:
        mids, place = [], 0
        for now_ms in range(self.tops[0].ts_ms, self.tops[-1].ts_ms, period_ms):
            while place + 1 < len(self.tops) and self.tops[place + 1].ts_ms <= now_ms:
                place += 1
            mids.append(self.tops[place].mid)
        return [(b / a - 1) * 1e4 for a, b in itertools.pairwise(mids)]

    def fills_by_second(self) -> list[int]:
        counts = Counter((fill["T"] - START_MS) // 1000 for fill in self.fills)
        return [counts[second] for second in range(SECONDS)]

    def sides(self) -> Counter[int]:
        """Ticker deltas by how many sides they carry."""
        return Counter(("bid1Price" in data) + ("ask1Price" in data) for _, data in self.tickers)

    def share_of(self, field: str) -> float:
        return sum(field in data for _, data in self.tickers) / len(self.tickers)


@pytest.fixture(scope="module")
def market() -> dict[str, Statistics]:
    found = {symbol: Statistics(symbol) for symbol in SYMBOLS}
    for frame in Generator(instruments_for(SYMBOLS), SEED, depths=(50,)).frames():
        if frame.due_ns >= SECONDS * 1e9:
            return found
        found[frame.topic.rpartition(".")[2]].read(frame.topic, frame.text)
    raise AssertionError("the generator must not end")


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def autocorrelation(values: Sequence[float], lag: int) -> float:
    mean = statistics.fmean(values)
    products = [(a - mean) * (b - mean) for a, b in zip(values, values[lag:], strict=False)]
    return sum(products) / sum((value - mean) ** 2 for value in values)


def gaps_ms(market: Statistics) -> list[int]:
    return [b.ts_ms - a.ts_ms for a, b in itertools.pairwise(market.tops)]


def one_sided(market: Statistics) -> float:
    changes = [(a[1:3] != b[1:3], a[3:] != b[3:]) for a, b in itertools.pairwise(market.tops)]
    return sum(bid != ask for bid, ask in changes) / len(changes)


def one_tick(market: Statistics) -> float:
    return statistics.fmean(round((top.ask - top.bid) / market.tick) == 1 for top in market.tops)


def bid_sizes(market: Statistics) -> list[float]:
    return [top.bid_size for top in market.tops]


def moves(market: Statistics) -> list[float]:
    return [move_bps for _, move_bps in market.moves_bps()]


def move_sizes(market: Statistics) -> list[float]:
    return [abs(move_bps) for move_bps in moves(market)]


def move_gaps_ms(market: Statistics) -> list[int]:
    return [b[0] - a[0] for a, b in itertools.pairwise(market.moves_bps())]


def open_interests(market: Statistics) -> float:
    return market.share_of("openInterest") * len(market.tickers) / SECONDS


def fills_per_order(market: Statistics) -> list[int]:
    return list(Counter((fill["T"], fill["S"]) for fill in market.fills).values())


def signs(market: Statistics) -> list[float]:
    return [1.0 if fill["S"] == "Buy" else -1.0 for fill in market.fills]


def same_millisecond(market: Statistics) -> float:
    return sum(a["T"] == b["T"] for a, b in itertools.pairwise(market.fills)) / len(market.fills)


def fano(market: Statistics) -> float:
    counts = market.fills_by_second()
    return statistics.pvariance(counts) / statistics.fmean(counts)


def kurtosis(values: Sequence[float]) -> float:
    return statistics.fmean(value**4 for value in values) / statistics.fmean(v**2 for v in values) ** 2


# Claim, how it is measured, the measured fact, and the bounds that the generator keeps. BTCUSDT.
FACTS: list[tuple[str, Callable[[Statistics], float], float, float, float]] = [
    ("orderbook.1 messages a second", lambda m: len(m.tops) / SECONDS, 19.5, 16, 23),
    ("median gap between them, ms", lambda m: quantile(gaps_ms(m), 0.5), 16, 10, 20),
    ("95 % of gaps below, ms", lambda m: quantile(gaps_ms(m), 0.95), 200, 130, 280),
    ("longest gap, ms", lambda m: max(gaps_ms(m)), 900, 500, 3000),
    ("share that changes one side only", one_sided, 0.80, 0.74, 0.88),
    ("share with a spread of one tick", one_tick, 0.985, 0.98, 1.0),
    ("median bid size, BTC", lambda m: quantile(bid_sizes(m), 0.5), 5.95, 3.5, 9),
    ("5 % of bid sizes below, BTC", lambda m: quantile(bid_sizes(m), 0.05), 0.47, 0.1, 1.5),
    ("95 % of bid sizes below, BTC", lambda m: quantile(bid_sizes(m), 0.95), 19.8, 12, 32),
    ("price moves a second", lambda m: len(m.moves_bps()) / SECONDS, 0.89, 0.6, 1.4),
    ("median size of a move, bps", lambda m: quantile(move_sizes(m), 0.5), 0.14, 0.10, 0.20),
    ("95 % of moves below, bps", lambda m: quantile(move_sizes(m), 0.95), 0.61, 0.4, 0.9),
    ("median gap between moves, ms", lambda m: quantile(move_gaps_ms(m), 0.5), 20, 9, 40),
    ("95 % of gaps between moves below, ms", lambda m: quantile(move_gaps_ms(m), 0.95), 7300, 3500, 12_000),
    ("autocorrelation of moves, lag 1", lambda m: autocorrelation(moves(m), 1), 0.16, 0.05, 0.55),
    ("volatility of 100 ms, bps", lambda m: statistics.pstdev(m.returns_bps(100)), 0.17, 0.10, 0.25),
    ("volatility of 1 s, bps", lambda m: statistics.pstdev(m.returns_bps(1000)), 0.65, 0.4, 0.95),
    ("volatility of 10 s, bps", lambda m: statistics.pstdev(m.returns_bps(10_000)), 2.4, 1.2, 3.6),
    ("kurtosis of 1 s returns", lambda m: kurtosis(m.returns_bps(1000)), 13, 8, 80),
    ("ticker messages a second", lambda m: len(m.tickers) / SECONDS, 8, 4.2, 10),
    ("tickers with exactly one side", lambda m: m.sides()[1] / m.sides().total(), 0.57, 0.50, 0.72),
    ("tickers with both sides", lambda m: m.sides()[2] / m.sides().total(), 0.41, 0.16, 0.45),
    ("tickers with neither side", lambda m: m.sides()[0] / m.sides().total(), 0.02, 0.01, 0.28),
    ("mark prices a second", lambda m: m.share_of("markPrice") * len(m.tickers) / SECONDS, 0.92, 0.6, 1.3),
    ("open interests a second", open_interests, 0.1, 0.05, 0.2),
    ("taker orders a second", lambda m: len(fills_per_order(m)) / SECONDS, 4.4, 3.2, 5.8),
    ("fills a second", lambda m: len(m.fills) / SECONDS, 20.1, 13, 30),
    ("median fills in a second", lambda m: quantile(m.fills_by_second(), 0.5), 3, 2, 12),
    ("99 % of seconds have fewer fills", lambda m: quantile(m.fills_by_second(), 0.99), 253, 100, 400),
    ("share of seconds without a fill", lambda m: m.fills_by_second().count(0) / SECONDS, 0.18, 0.1, 0.35),
    ("Fano factor of fills by second", fano, 165, 25, 300),
    ("fills in the millisecond of the one before", same_millisecond, 0.78, 0.70, 0.86),
    ("median fills of an order", lambda m: quantile(fills_per_order(m), 0.5), 2, 2, 3),
    ("90 % of orders have fewer fills", lambda m: quantile(fills_per_order(m), 0.9), 9, 7, 14),
    ("99 % of orders have fewer fills", lambda m: quantile(fills_per_order(m), 0.99), 45, 25, 70),
    ("median fill, BTC", lambda m: quantile([float(f["v"]) for f in m.fills], 0.5), 0.004, 0.002, 0.008),
    ("95 % of fills below, BTC", lambda m: quantile([float(f["v"]) for f in m.fills], 0.95), 0.25, 0.12, 0.4),
    ("autocorrelation of sides, lag 1", lambda m: autocorrelation(signs(m), 1), 0.90, 0.85, 0.98),
    ("autocorrelation of sides, lag 10", lambda m: autocorrelation(signs(m), 10), 0.75, 0.5, 0.85),
]  # fmt: skip


@pytest.mark.parametrize(("claim", "measure", "fact", "low", "high"), FACTS, ids=[fact[0] for fact in FACTS])
def test_bitcoin_looks_as_measured(
    market: dict[str, Statistics],
    claim: str,
    measure: Callable[[Statistics], float],
    fact: float,
    low: float,
    high: float,
) -> None:
    measured = measure(market["BTCUSDT"])

    assert low <= measured <= high, f"{claim}: {measured:.3f}, the fact is {fact} (seed {SEED})"


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
