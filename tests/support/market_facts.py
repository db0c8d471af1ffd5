"""What was measured on real markets, how the generator's is measured, and how far it may be from it.

The facts are those of BTCUSDT on Bybit, where nothing else is said: quotes of an active Friday (2024-11-08,
2 minutes), trades and volatility of a calm evening (2025-12-04, 2.6 hours), marks, open interest and the
book's depth of a quiet Sunday (2026-08-09, 42 s). docs/market.md shows them beside the generator's:

    python tests/support/market_facts.py docs/market.md
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from synthcore.exchange.market.generator import START_MS, Generator
from synthcore.exchange.market.instruments import instruments_for
from synthcore.exchange.market.state import MarketState

SEED = 7
SECONDS = 600
DEEP_SECONDS = 60
DEEP_SAMPLE = 5  # every so many pushes of a deep book are looked at
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
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
        message = json.loads(text)
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


class Fact(NamedTuple):
    """A claim, how it is measured, the measured fact, and the bounds that the generator keeps."""

    claim: str
    measure: Callable[[Statistics], float]
    fact: float
    low: float
    high: float
    symbol: str = "BTCUSDT"


FACTS = [Fact(*row) for row in (
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
    ("ticks to the 10th level", ticks_to(10), 21.5, 10, 40),
    ("ticks to the 50th level", ticks_to(50), 83.5, 60, 150),
    ("ticks to the 200th level", ticks_to(200), 306, 200, 600),
    ("10 levels, of the best one", size_within(10), 1.15, 1, 2.5),
    ("50 levels, of the best one", size_within(50), 3.1, 2, 7),
    ("200 levels, of the best one", size_within(200), 15.1, 8, 25),
    ("median levels of an orderbook.200 delta", lambda m: quantile(m.delta_levels, 0.5), 11, 4, 14),
    ("95 % of deltas have fewer levels", lambda m: quantile(m.delta_levels, 0.95), 52, 15, 60),
    ("ticks to the 10th level", ticks_to(10), 9, 9, 12, "SOLUSDT"),
    ("ticks to the 200th level", ticks_to(200), 199, 199, 220, "SOLUSDT"),
    ("10 levels, of the best one", size_within(10), 25, 10, 40, "SOLUSDT"),
    ("50 levels, of the best one", size_within(50), 132, 66, 200, "SOLUSDT"),
    ("200 levels, of the best one", size_within(200), 446, 220, 900, "SOLUSDT"),
    ("median levels of an orderbook.200 delta", lambda m: quantile(m.delta_levels, 0.5), 5, 3, 8, "SOLUSDT"),
    ("95 % of deltas have fewer levels", lambda m: quantile(m.delta_levels, 0.95), 20, 10, 30, "SOLUSDT"),
)]  # fmt: skip


def generated() -> dict[str, Statistics]:
    """Ten minutes of the generator, by symbol; of the deep books one."""
    found = {symbol: Statistics(symbol) for symbol in SYMBOLS}
    read(found, DEEP_SECONDS, depths=(200,), symbols=("BTCUSDT", "SOLUSDT"), kinds=("orderbook.200",))
    read(found, SECONDS, depths=(50,), symbols=SYMBOLS, kinds=("orderbook.1", "tickers", "publicTrade"))
    return found


def read(
    found: dict[str, Statistics],
    seconds: int,
    *,
    depths: Sequence[int],
    symbols: Sequence[str],
    kinds: Sequence[str],
) -> None:
    for frame in Generator(instruments_for(symbols), SEED, depths=depths).frames():
        if frame.due_ns >= seconds * 1e9:
            return
        kind, _, symbol = frame.topic.rpartition(".")
        if kind in kinds:
            found[symbol].read(frame.topic, frame.text)


def table(found: dict[str, Statistics]) -> list[str]:
    """The rows of docs/market.md."""
    return [
        f"| {fact.claim}{'' if fact.symbol == 'BTCUSDT' else f', {fact.symbol}'} | {short(fact.fact)} |"
        f" {short(fact.measure(found[fact.symbol]))} | {short(fact.low)}–{short(fact.high)} |"
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
