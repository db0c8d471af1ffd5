"""What was measured on real markets, how the generator's is measured, and how far it may be from it.

The facts are those of BTCUSDT on Bybit, where nothing else is said: quotes of an active Friday (2024-11-08,
2 minutes), trades and volatility of a calm evening (2025-12-04, 2.6 hours), marks, open interest and the
book's depth of a quiet Sunday (2026-08-09, 42 s). docs/market.md shows them beside the generator's:

    python tests/support/market_facts.py docs/market.md
"""

from __future__ import annotations

import itertools
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from synthcore.exchange.market.generator import START_MS, Generator
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.market.state import MarketState

SEED = 7
SEEDS = (SEED, 8, 9)
SECONDS = 600
DEEP_SECONDS = 120
DEEP_SAMPLE = 10  # every so many pushes of a deep book are looked at
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
SHALLOW = ("orderbook.1", "tickers", "publicTrade")
DEEP = ("orderbook.200",)
HEADER = "| | fact | generated | bounds |"


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
        self.sides_of_book: list[list[tuple[float, float]]] = []  # of 200 levels: price in ticks, size
        self.delta_levels: list[int] = []
        self._deep = MarketState()

    def read(self, topic: str, text: bytes) -> None:
        message = msgspec.json.decode(text)
        if topic.startswith("orderbook.1."):
            data = message["data"]
            (bid, ask) = data["b"][0], data["a"][0]
            self.tops.append(Top(message["ts"], *map(float, bid), *map(float, ask)))
        elif topic.startswith("tickers.") and message["type"] == "delta":
            self.tickers.append((message["ts"], message["data"]))
        elif topic.startswith("publicTrade."):
            self.fills += message["data"]
        elif topic.startswith("orderbook.200."):
            self._read_deep(topic, text, len(message["data"]["b"]) + len(message["data"]["a"]))

    def _read_deep(self, topic: str, text: bytes, changes: int) -> None:
        self._deep.apply(topic, text)
        self.delta_levels.append(changes)
        if len(self.delta_levels) % DEEP_SAMPLE == 0:
            for side in self._deep.levels(topic.rpartition(".")[2], 200):
                self.sides_of_book.append([(float(price) / self.tick, float(size)) for price, size in side])

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


def fill_sizes(market: Statistics) -> list[float]:
    return [float(fill["v"]) for fill in market.fills]


def signs(market: Statistics) -> list[float]:
    return [1.0 if fill["S"] == "Buy" else -1.0 for fill in market.fills]


def same_millisecond(market: Statistics) -> float:
    return sum(a["T"] == b["T"] for a, b in itertools.pairwise(market.fills)) / len(market.fills)


def fano(market: Statistics) -> float:
    counts = market.fills_by_second()
    return statistics.pvariance(counts) / statistics.fmean(counts)


def kurtosis(values: Sequence[float]) -> float:
    return statistics.fmean(value**4 for value in values) / statistics.fmean(v**2 for v in values) ** 2


def ticks_to(level: int) -> Callable[[Statistics], float]:
    """Ticks from the best price to that level, median of both sides."""

    def measure(market: Statistics) -> float:
        return quantile([abs(side[level - 1][0] - side[0][0]) for side in market.sides_of_book], 0.5)

    return measure


def size_within(level: int) -> Callable[[Statistics], float]:
    """Size of so many levels, of the median best one."""

    def measure(market: Statistics) -> float:
        best = quantile([side[0][1] for side in market.sides_of_book], 0.5)
        return quantile([sum(lots for _, lots in side[:level]) for side in market.sides_of_book], 0.5) / best

    return measure


def deltas_a_second(market: Statistics) -> float:
    return len(market.delta_levels) / DEEP_SECONDS


class Fact(NamedTuple):
    """A claim, how it is measured, the measured fact, and the bounds that the generator keeps."""

    claim: str
    measure: Callable[[Statistics], float]
    fact: float
    low: float
    high: float
    symbol: str = "BTCUSDT"


def near(fact: float) -> tuple[float, float, float]:
    """A fact and a quarter to both sides of it."""
    return fact, 0.75 * fact, 1.25 * fact


# Measured on 2.6 hours of trades: the bounds are the least and the most of its fifteen ten minutes, which
# `tests/unit/test_generator.py` measures again where the tape is at hand.
OF_TRADES = [Fact(*row) for row in (
    ("volatility of 100 ms, bps", lambda m: statistics.pstdev(m.returns_bps(100)), 0.17, 0.0967, 0.238),
    ("volatility of 1 s, bps", lambda m: statistics.pstdev(m.returns_bps(1000)), 0.65, 0.335, 0.916),
    ("volatility of 10 s, bps", lambda m: statistics.pstdev(m.returns_bps(10_000)), 2.4, 1.27, 3.39),
    ("kurtosis of 1 s returns", lambda m: kurtosis(m.returns_bps(1000)), 13, 8.12, 33.8),
    ("taker orders a second", lambda m: len(fills_per_order(m)) / SECONDS, 4.4, 2.38, 7.25),
    ("fills a second", lambda m: len(m.fills) / SECONDS, 20.1, 9.15, 38.2),
    ("median fills in a second", lambda m: quantile(m.fills_by_second(), 0.5), 3, 1, 10),
    ("99 % of seconds have fewer fills", lambda m: quantile(m.fills_by_second(), 0.99), 253, 138, 486),
    ("share of seconds without a fill", lambda m: m.fills_by_second().count(0) / SECONDS, 0.18, 0.065, 0.315),
    ("Fano factor of fills by second", fano, 165, 61.5, 273),
    ("fills in the millisecond of the one before", same_millisecond, 0.78, 0.712, 0.812),
    ("median fills of an order", lambda m: quantile(fills_per_order(m), 0.5), 2, 1, 2),
    ("90 % of orders have fewer fills", lambda m: quantile(fills_per_order(m), 0.9), 9, 7, 10),
    ("99 % of orders have fewer fills", lambda m: quantile(fills_per_order(m), 0.99), 45, 31, 58),
    ("median fill, BTC", lambda m: quantile(fill_sizes(m), 0.5), 0.004, 0.002, 0.004),
    ("95 % of fills below, BTC", lambda m: quantile(fill_sizes(m), 0.95), 0.25, 0.179, 0.326),
    ("autocorrelation of sides, lag 1", lambda m: autocorrelation(signs(m), 1), 0.90, 0.849, 0.918),
    ("autocorrelation of sides, lag 10", lambda m: autocorrelation(signs(m), 10), 0.75, 0.664, 0.805),
)]  # fmt: skip

# Measured on two minutes of quotes, or 42 s of the book: too short to be cut. A quarter to both sides, where
# nothing else says how far a fact goes.
OF_QUOTES = [Fact(*row) for row in (
    ("orderbook.1 messages a second", lambda m: len(m.tops) / SECONDS, *near(19.5)),
    ("median gap between them, ms", lambda m: quantile(gaps_ms(m), 0.5), 16, 10, 20),  # in slots of 10 ms
    ("95 % of gaps below, ms", lambda m: quantile(gaps_ms(m), 0.95), *near(200)),
    ("longest gap, ms", lambda m: max(gaps_ms(m)), 900, 900, 3000),  # the fact's is of fewer; 3 s ends each
    ("share that changes one side only", one_sided, *near(0.797)[:2], 1.0),
    ("share with a spread of one tick", one_tick, 0.985, 0.98, 1.0),  # "more than 98 %"
    ("median bid size, BTC", lambda m: quantile(bid_sizes(m), 0.5), *near(5.95)),
    ("5 % of bid sizes below, BTC", lambda m: quantile(bid_sizes(m), 0.05), *near(0.47)),
    ("95 % of bid sizes below, BTC", lambda m: quantile(bid_sizes(m), 0.95), *near(19.8)),
    ("price moves a second", lambda m: len(m.moves_bps()) / SECONDS, *near(0.89)),
    ("median size of a move, bps", lambda m: quantile(move_sizes(m), 0.5), *near(0.14)),
    ("95 % of moves below, bps", lambda m: quantile(move_sizes(m), 0.95), *near(0.61)),
    ("median gap between moves, ms", lambda m: quantile(move_gaps_ms(m), 0.5), 20, 10, 30),  # one slot
    ("95 % of gaps between moves below, ms", lambda m: quantile(move_gaps_ms(m), 0.95), *near(7300)),
    # Two standard errors of the 108 moves that the fact is of.
    ("autocorrelation of moves, lag 1", lambda m: autocorrelation(moves(m), 1), 0.16, -0.03, 0.35),
    # Of tickers, from the quiet capture's three contracts to the active quotes.
    ("ticker messages a second", lambda m: len(m.tickers) / SECONDS, 8, 3.8, 10),
    ("tickers with exactly one side", lambda m: m.sides()[1] / m.sides().total(), *near(0.57)),
    ("tickers with both sides", lambda m: m.sides()[2] / m.sides().total(), 0.41, 0.16, 0.41),
    ("tickers with neither side", lambda m: m.sides()[0] / m.sides().total(), 0.02, 0.02, 0.28),
    ("mark prices a second", lambda m: m.share_of("markPrice") * len(m.tickers) / SECONDS, *near(0.92)),
    ("open interests a second", open_interests, *near(0.1)),
    ("ticks to the 10th level", ticks_to(10), *near(21.5)),
    ("ticks to the 50th level", ticks_to(50), *near(83.5)),
    ("ticks to the 200th level", ticks_to(200), *near(306)),
    ("10 levels, of the best one", size_within(10), *near(1.15)),
    ("50 levels, of the best one", size_within(50), *near(3.1)),
    ("200 levels, of the best one", size_within(200), *near(15.1)),
    ("orderbook.200 deltas a second", deltas_a_second, *near(9.5)),
    ("median levels of an orderbook.200 delta", lambda m: quantile(m.delta_levels, 0.5), *near(11)),
    ("95 % of deltas have fewer levels", lambda m: quantile(m.delta_levels, 0.95), *near(51)),
    ("ticks to the 10th level", ticks_to(10), *near(9), "SOLUSDT"),
    ("ticks to the 200th level", ticks_to(200), *near(199), "SOLUSDT"),
    ("10 levels, of the best one", size_within(10), *near(25), "SOLUSDT"),
    ("50 levels, of the best one", size_within(50), *near(132), "SOLUSDT"),
    ("200 levels, of the best one", size_within(200), *near(446), "SOLUSDT"),
    ("orderbook.200 deltas a second", deltas_a_second, *near(9), "SOLUSDT"),
    ("median levels of an orderbook.200 delta", lambda m: quantile(m.delta_levels, 0.5), *near(5), "SOLUSDT"),
    ("95 % of deltas have fewer levels", lambda m: quantile(m.delta_levels, 0.95), *near(20), "SOLUSDT"),
)]  # fmt: skip

FACTS = [*OF_QUOTES, *OF_TRADES]


def of_tape(rows: Iterable[tuple[int, str, str]]) -> list[Statistics]:
    """Ten minutes each of a tape of real trades (ms, price, size; a taker that sells has a size below 0)."""
    windows: dict[int, Statistics] = {}
    first_ms = 0
    for time_ms, price, size in rows:
        first_ms = first_ms or time_ms
        number, shifted_ms = divmod(time_ms - first_ms, SECONDS * 1000)
        market = windows.setdefault(number, Statistics("BTCUSDT"))
        side = "Sell" if size.startswith("-") else "Buy"
        market.fills.append({"T": START_MS + shifted_ms, "S": side, "v": size.lstrip("-")})
        market.tops.append(Top(shifted_ms, float(price), 1, float(price), 1))
    return [windows[number] for number in sorted(windows)][:-1]  # the last one is not whole


Measured = dict[str, list[Statistics]]  # by symbol, one of each seed


def generated() -> Measured:
    """Ten minutes of the generator with each seed, of deep books two; of ETHUSDT with one seed."""
    found: Measured = {symbol: [] for symbol in SYMBOLS}
    for seed in SEEDS:
        symbols = SYMBOLS if seed == SEED else ("BTCUSDT", "SOLUSDT")
        one = {symbol: Statistics(symbol) for symbol in symbols}
        read(one, seed, DEEP_SECONDS, depths=(200,), symbols=("BTCUSDT", "SOLUSDT"), kinds=DEEP)
        read(one, seed, SECONDS, depths=(), symbols=symbols if seed == SEED else symbols[:1], kinds=SHALLOW)
        for symbol, market in one.items():
            found[symbol].append(market)
    return found


def read(
    found: dict[str, Statistics],
    seed: int,
    seconds: int,
    *,
    depths: Sequence[int],
    symbols: Sequence[str],
    kinds: Sequence[str],
) -> None:
    for frame in Generator(instruments_for(symbols), seed, depths=depths).frames():
        if frame.due_ns >= seconds * 1e9:
            return
        kind, _, symbol = frame.topic.rpartition(".")
        if kind in kinds:
            found[symbol].read(frame.topic, frame.text)


def value_of(fact: Fact, found: Measured) -> float:
    """The median over the seeds: ten minutes of one are as different as those of one day."""
    return statistics.median(fact.measure(market) for market in found[fact.symbol])


def table(found: Measured) -> list[str]:
    """The rows of docs/market.md."""
    return [
        f"| {fact.claim}{'' if fact.symbol == 'BTCUSDT' else f', {fact.symbol}'} | {short(fact.fact)} |"
        f" {short(value_of(fact, found))} | {short(fact.low)}–{short(fact.high)} |"
        for fact in FACTS
    ]


def short(number: float) -> str:
    """Three digits."""
    return f"{number:,.0f}" if number >= 1000 else f"{number:.3g}"


def rows_of(document: str) -> tuple[int, int]:
    """Where the table's rows are, by lines."""
    lines = document.splitlines()
    first = lines.index(HEADER) + 2
    return first, lines.index("", first)


def main(path: Path) -> None:
    lines = path.read_text().splitlines()
    first, last = rows_of(path.read_text())
    lines[first:last] = table(generated())
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
