"""The parser's face to Python."""

import pytest

from synthcore._core import reference, ticker
from synthcore._core.reference import Message
from synthcore._core.symbols import SymbolTable
from synthcore._core.ticker import CODES, Quote, TickerParser

SNAPSHOT = (
    b'{"topic":"orderbook.1.BTCUSDT","ts":1786639170499,"type":"snapshot","data":{"s":"BTCUSDT",'
    b'"b":[["63040.8","3.323"]],"a":[["63040.9","4.686"]],"u":31071061,"seq":763537012912},"cts":1786639170498}'
)
QUOTE = Quote("BTCUSDT", 63040.8, 63040.9, 3.323, 4.686, 1786639170499000, 1)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_takes_any_buffer(kind):
    parser = TickerParser(["BTCUSDT"])

    assert parser.feed(kind(SNAPSHOT)) == QUOTE
    assert parser.outcome == "emit"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_takes_an_empty_buffer(kind):
    parser = TickerParser(["BTCUSDT"])

    assert parser.feed(kind(b"")) is None
    assert parser.outcome == "malformed"


@pytest.mark.parametrize("wrong", ["text", None, 5, [1]])
def test_refuses_what_is_no_buffer(wrong):
    with pytest.raises(TypeError):
        TickerParser(["BTCUSDT"]).feed(wrong)


def test_counts_each_outcome_once_and_fallbacks_besides():
    parser = TickerParser(["BTCUSDT"])

    for frame in (SNAPSHOT, SNAPSHOT + b" ", SNAPSHOT[:-1], b'{"op":"pong"}', b'{"topic":"kline.1.X"}'):
        parser.feed(frame)

    counters = parser.counters()
    assert tuple(counters) == CODES
    assert {name: count for name, count in counters.items() if count} == {
        "emit": 2, "malformed": 1, "not_market": 2, "fallback": 3,
    }  # fmt: skip


def test_reset_forgets_quotes_and_keeps_counters():
    parser = TickerParser(["BTCUSDT"])
    delta = SNAPSHOT.replace(b"snapshot", b"delta").replace(b"31071061", b"31071062")
    parser.feed(SNAPSHOT)

    parser.reset()
    quote = parser.feed(delta)

    assert (quote, parser.outcome) == (None, "no_snapshot")
    assert parser.counters()["emit"] == 1


def test_shares_a_table_and_knows_symbols_added_later():
    table = SymbolTable(2)
    parser = TickerParser(table)
    unknown = parser.feed(SNAPSHOT)

    table.add("BTCUSDT")
    known = parser.feed(SNAPSHOT)

    assert (unknown, known) == (None, QUOTE)
    assert table.unknown == 1
    assert parser.symbols is table


def test_feed_all_counts_the_quotes():
    parser = TickerParser(["BTCUSDT"])

    assert parser.feed_all([SNAPSHOT, SNAPSHOT[:50], SNAPSHOT]) == 2


def test_odd_frames_go_to_the_reference_that_was_given():
    seen = []

    def decode(frame: bytes) -> Message | int:
        seen.append(frame)
        return CODES.index("not_market")

    parser = TickerParser(["BTCUSDT"], reference=decode)
    parser.feed(SNAPSHOT)
    parser.feed(b" " + SNAPSHOT)

    assert seen == [b" " + SNAPSHOT]
    assert parser.outcome == "not_market"


def test_reference_and_scanner_have_the_same_numbers():
    assert CODES[reference.NOT_MARKET] == "not_market"
    assert CODES[reference.MALFORMED] == "malformed"
    assert ticker.FIELD_BITS == (
        reference.BID_PX, reference.BID_QTY, reference.ASK_PX, reference.ASK_QTY,
        reference.BID_GONE, reference.ASK_GONE,
    )  # fmt: skip
    assert ticker.SOURCES == (reference.TICKER, reference.BOOK1)


@pytest.mark.parametrize("answer", [ValueError("defect"), None, 0, 3, -1, 10**30, "text"])
def test_a_reference_that_fails_makes_no_quote(answer):
    def decode(frame: bytes) -> Message | int:
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]

    parser = TickerParser(["BTCUSDT"], reference=decode)

    assert parser.feed(b" " + SNAPSHOT) is None
    assert parser.outcome == "malformed"


@pytest.mark.parametrize("symbol", [rb"\ud800", rb"\u0000", rb"BTCUSDT\u0000", rb"\u00e9", b"\xed\xa0\x80"])
def test_symbols_no_venue_has_are_unknown_or_malformed(symbol):
    parser = TickerParser(["BTCUSDT"])

    assert parser.feed(SNAPSHOT.replace(b"BTCUSDT", symbol)) is None
    assert parser.outcome in ("unknown_symbol", "malformed")
