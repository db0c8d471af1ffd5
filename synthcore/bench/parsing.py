"""Questions about a frame's way from bytes to (symbol, bid, ask, sizes, time)."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from synthcore._core.ticker import TickerParser
from synthcore.bench.question import Contenders, Effort, Measure, Question, Reading, median_of
from synthcore.bench.rivals import Native, package

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT", "ADAUSDT", "LINKUSDT", "AVAXUSDT"]
PRICES = [67215.5, 3401.27, 171.345, 2.1834, 0.15513]
FRAMES = 64
REPEATS = 200
SLOW_REPEATS = 10  # of the rivals: each frame takes them that much longer
NOW_MS = 1_763_700_000_000
NO_FIELDS: Mapping[str, str] = {}
OTHER_FIELDS = {  # of a snapshot
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
TYPED = "msgspec, typed"
SERDE = "Rust serde_json, typed"


def questions(native: Native) -> list[Question]:
    return [question(native, "ticker", 170.0), question(native, "orderbook.1", 150.0)]


def question(native: Native, kind: str, at_most: float) -> Question:
    return Question(
        name=f"parse.{kind}",
        asks=f"How long does one frame of a {kind} take, from bytes to a merged quote?",
        unit="ns",
        contenders=lambda stack, effort: contenders(native, kind, stack, effort),
        at_most=at_most,
        ratios={TYPED: 4.0},
    )


def contenders(native: Native, kind: str, stack: ExitStack, effort: Effort) -> Contenders:
    frames = frames_of(kind)
    parser = seeded_parser()
    slow = effort.count(SLOW_REPEATS)
    found: Contenders = {
        "TickerParser": repeated(lambda: parser.feed_all(frames), effort.count(REPEATS)),
        TYPED: repeated(typed(kind, frames), slow),
        "json": repeated(untyped(json.loads, kind, frames), slow),
    }
    orjson, simdjson = package("orjson"), package("simdjson")
    if orjson is not None:
        found["orjson"] = repeated(untyped(orjson.loads, kind, frames), slow)
    if simdjson is not None:
        found["simdjson"] = repeated(untyped(simdjson.Parser().parse, kind, frames), slow)
    if native.has("rivals"):
        folder = Path(stack.enter_context(TemporaryDirectory()))
        found[SERDE] = in_rust(native, kind, frames, folder / "frames", effort.count(REPEATS))
    return found


def repeated(all_frames: Callable[[], object], repeats: int) -> Measure:
    """Ns a frame."""

    def once() -> float:
        begun_ns = time.monotonic_ns()
        for _ in range(repeats):
            all_frames()
        return (time.monotonic_ns() - begun_ns) / (repeats * FRAMES)

    return lambda: median_of(once)


def seeded_parser() -> TickerParser:
    """A parser that has a snapshot of every symbol."""
    parser = TickerParser(SYMBOLS)
    for symbol in SYMBOLS:
        parser.feed(ticker(symbol, "snapshot", "1", "2", 0))
    return parser


# ── frames ────────────────────────────────────────────────────────────────────────────────────────────────


def frames_of(kind: str) -> list[bytes]:
    """64 different frames of one kind; the same in every run."""
    dice = random.Random(7)
    frames = []
    for _ in range(FRAMES):
        price = dice.choice(PRICES)
        decimals = len(str(price).split(".")[1])
        bid = f"{price * (1 + dice.random() / 100):.{decimals}f}"
        ask = f"{price * 1.02:.{decimals}f}"
        symbol = dice.choice(SYMBOLS)
        frames.append(frame_of(kind, symbol, bid, ask))
    return frames


def frame_of(kind: str, symbol: str, bid: str, ask: str) -> bytes:
    if kind == "orderbook.1":
        return book(symbol, bid, ask)
    if kind == "snapshot":
        return ticker(symbol, "snapshot", bid, ask, NOW_MS, OTHER_FIELDS)
    return ticker(symbol, "delta", bid, ask, NOW_MS)


def ticker(
    symbol: str, kind: str, bid: str, ask: str, ts: int, other: Mapping[str, str] = NO_FIELDS
) -> bytes:
    quote = {"bid1Price": bid, "bid1Size": "84.489", "ask1Price": ask, "ask1Size": "83.020"}
    data = {"symbol": symbol, **other, **quote}
    return msgspec.json.encode(
        {"topic": f"tickers.{symbol}", "type": kind, "data": data, "cs": 24987956060, "ts": ts}
    )


def book(symbol: str, bid: str, ask: str) -> bytes:
    data = {"s": symbol, "b": [[bid, "0.006"]], "a": [[ask, "0.029"]], "u": 18521288, "seq": 7961638724}
    return msgspec.json.encode(
        {
            "topic": f"orderbook.1.{symbol}",
            "ts": NOW_MS,
            "type": "snapshot",
            "data": data,
            "cts": NOW_MS - 2,
        }
    )


# ── rivals: they only decode, and merge, judge and order nothing ──────────────────────────────────────────


class TickerData(msgspec.Struct):
    symbol: str
    bid1Price: float = 0.0
    bid1Size: float = 0.0
    ask1Price: float = 0.0
    ask1Size: float = 0.0


class BookData(msgspec.Struct):
    s: str
    b: list[tuple[float, float]]
    a: list[tuple[float, float]]


class TickerFrame(msgspec.Struct):
    topic: str
    ts: int
    data: TickerData


class BookFrame(msgspec.Struct):
    topic: str
    ts: int
    data: BookData


def typed(kind: str, frames: list[bytes]) -> Callable[[], object]:
    if kind == "orderbook.1":
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


def untyped(loads: Callable[[bytes], Any], kind: str, frames: list[bytes]) -> Callable[[], object]:
    def read_ticker(frame: bytes) -> tuple[Any, ...]:
        message = loads(frame)
        data = message["data"]
        numbers = (float(data[name]) for name in ("bid1Price", "ask1Price", "bid1Size", "ask1Size"))
        return (data["symbol"], *numbers, message["ts"])

    def read_book(frame: bytes) -> tuple[Any, ...]:
        message = loads(frame)
        data = message["data"]
        bid, ask = data["b"][0], data["a"][0]
        return data["s"], float(bid[0]), float(ask[0]), float(bid[1]), float(ask[1]), message["ts"]

    read = read_book if kind == "orderbook.1" else read_ticker
    return lambda: [read(frame) for frame in frames]


def in_rust(native: Native, kind: str, frames: list[bytes], file: Path, repeats: int) -> Measure:
    file.write_bytes(b"\n".join(frames))

    def measure() -> Reading:
        found = native.run("rivals", "parse", kind, file, repeats)
        assert found.checked == FRAMES
        return Reading(found.ns_each)

    return measure
