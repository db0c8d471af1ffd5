"""How long does a frame take from bytes to (symbol, bid, ask, sizes, time), against msgspec and json?

Each figure is for 64 different frames; divide by 64. `merged` is the compiled path with the quote left in C.
The rivals only decode: they merge nothing, judge nothing and check no order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from synthcore._core.ticker import TickerParser

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT", "ADAUSDT", "LINKUSDT", "AVAXUSDT"]
PRICES = [67215.5, 3401.27, 171.345, 2.1834, 0.15513]
FRAMES = 64
OTHER_FIELDS = {
    "tickDirection": "PlusTick",
    "price24hPcnt": "0.017103",
    "lastPrice": "67215.60",
    "prevPrice24h": "66085.20",
    "markPrice": "67217.33",
    "indexPrice": "67227.36",
    "openInterestValue": "4621183601.91",
    "turnover24h": "6157038312.9435",
    "volume24h": "91705.276",
    "fundingRate": "-0.000212",
}


def compact(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def ticker(symbol: str, kind: str, bid: str, ask: str, ts: int, other: dict[str, str]) -> bytes:
    quote = {"bid1Price": bid, "bid1Size": "84.489", "ask1Price": ask, "ask1Size": "83.020"}
    data = {"symbol": symbol, **other, **quote}
    return compact({"topic": f"tickers.{symbol}", "type": kind, "data": data, "cs": 24987956060, "ts": ts})


def book(symbol: str, bid: str, ask: str, ts: int, update_id: int) -> bytes:
    data = {"s": symbol, "b": [[bid, "0.006"]], "a": [[ask, "0.029"]], "u": update_id, "seq": 7961638724}
    return compact(
        {"topic": f"orderbook.1.{symbol}", "ts": ts, "type": "snapshot", "data": data, "cts": ts - 2}
    )


def frames_of(kind: str) -> list[bytes]:
    dice = random.Random(7)
    frames = []
    for _ in range(FRAMES):
        price = dice.choice(PRICES)
        decimals = len(str(price).split(".")[1])
        bid = f"{price * (1 + dice.random() / 100):.{decimals}f}"
        ask = f"{price * 1.02:.{decimals}f}"
        symbol = dice.choice(SYMBOLS)
        if kind == "orderbook.1":
            frames.append(book(symbol, bid, ask, 1763700000000, 18521288))
        elif kind == "ticker delta":
            frames.append(ticker(symbol, "delta", bid, ask, 1763700000000, {}))
        else:
            frames.append(ticker(symbol, "snapshot", bid, ask, 1763700000000, OTHER_FIELDS))
    return frames


KINDS = ["ticker delta", "ticker snapshot", "orderbook.1"]


# ── ours ──────────────────────────────────────────────────────────────────────────────────────────────────


def seeded_parser() -> TickerParser:
    parser = TickerParser(SYMBOLS)
    for symbol in SYMBOLS:
        parser.feed(ticker(symbol, "snapshot", "1", "2", 0, {}))
    return parser


def merged(frames: list[bytes]) -> Callable[[], object]:
    parser = seeded_parser()
    return lambda: parser.feed_all(frames)


def quotes(frames: list[bytes]) -> Callable[[], object]:
    parser = seeded_parser()
    return lambda: [parser.feed(frame) for frame in frames]


# ── rivals ────────────────────────────────────────────────────────────────────────────────────────────────


class TickerData(Struct):
    symbol: str
    bid1Price: float = 0.0
    bid1Size: float = 0.0
    ask1Price: float = 0.0
    ask1Size: float = 0.0


class BookData(Struct):
    s: str
    b: list[tuple[float, float]]
    a: list[tuple[float, float]]


class TickerFrame(Struct):
    topic: str
    ts: int
    data: TickerData


class BookFrame(Struct):
    topic: str
    ts: int
    data: BookData


def msgspec_typed(frames: list[bytes]) -> Callable[[], object]:
    if b"orderbook" in frames[0]:
        read_book = msgspec.json.Decoder(BookFrame, strict=False).decode
        return lambda: [
            (data.s, data.b[0][0], data.a[0][0], data.b[0][1], data.a[0][1], frame.ts)
            for frame in map(read_book, frames)
            for data in (frame.data,)
        ]
    read_ticker = msgspec.json.Decoder(TickerFrame, strict=False).decode
    return lambda: [
        (data.symbol, data.bid1Price, data.ask1Price, data.bid1Size, data.ask1Size, frame.ts)
        for frame in map(read_ticker, frames)
        for data in (frame.data,)
    ]


def json_dicts(frames: list[bytes]) -> Callable[[], object]:
    def read_ticker(frame: bytes) -> tuple[Any, ...]:
        message = json.loads(frame)
        data = message["data"]
        numbers = (float(data[name]) for name in ("bid1Price", "ask1Price", "bid1Size", "ask1Size"))
        return (data["symbol"], *numbers, message["ts"])

    def read_book(frame: bytes) -> tuple[Any, ...]:
        message = json.loads(frame)
        (bid,), (ask,) = message["data"]["b"], message["data"]["a"]
        return message["data"]["s"], float(bid[0]), float(ask[0]), float(bid[1]), float(ask[1]), message["ts"]

    read = read_book if b"orderbook" in frames[0] else read_ticker
    return lambda: [read(frame) for frame in frames]


PARSERS = [merged, quotes, msgspec_typed, json_dicts]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
def test_parse(benchmark, kind, parser):
    benchmark.group = f"{benchmark.group} [{kind}]"
    frames = frames_of(kind)
    benchmark.extra_info.update(items=FRAMES, bytes_an_item=sum(map(len, frames)) // FRAMES)

    result = benchmark(parser(frames))

    made = result if isinstance(result, int) else sum(quote is not None for quote in result)
    assert made == FRAMES
