"""The compiled parser against the reference: equal on every frame, whole or broken."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from recorded_frames import corpus, recorded
from reference_parser import ReferenceParser

from synthcore._core.ticker import TickerParser

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT", "1000000BABYDOGEUSDT"]
CASES = corpus()
OURS = (b'{"topic":"tickers.', b'{"topic":"orderbook.1.')
SEED = 20261121
MUTANTS_OF_A_CASE = 400
MUTANTS_OF_A_RECORDED_FRAME = 50

PIECES = [
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"0", b"9", b".", b"-", b"+", b"e", b"E", b" ", b"\n",
    b"\x00", b"\x1f", b"\x7f", b"\x80", b"\xff", b"null", b'""', b"[]", b"{}", b'"0"', b"1e5", b"9" * 25,
    b"0" * 10, b'"bid1Price":"1",', b'"ts":5,', b'"u":1,', b'"u":2,', b'"type":"delta",', b'"topic":"x",',
    b'["1","0"],', b'\\u0041', b"\xc3\xa9", b"true", b"snapshot", b"delta",
]  # fmt: skip


def mutated(frame: bytes, random: random.Random) -> bytes:
    """Break a frame in one to three places."""
    broken = bytearray(frame)
    digits = [at for at, byte in enumerate(broken) if 48 <= byte <= 57]
    if digits and random.random() < 0.4:  # stays well-formed: another price, size, time or update
        for at in random.sample(digits, min(len(digits), 2)):
            broken[at] = random.choice(b"0123456789")
        return bytes(broken)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        at = random.randrange(len(broken) + 1)
        end = min(len(broken), at + random.randint(1, 12))
        match random.randrange(7):
            case 0 if at < len(broken):
                broken[at] ^= 1 << random.randrange(8)
            case 1 if at < len(broken):
                broken[at] = random.choice(b'0123456789"{}[],:.\\-e ')
            case 2:
                broken[at:at] = random.choice(PIECES)
            case 3:
                broken[at:end] = random.choice(PIECES)
            case 4:
                del broken[at:end]
            case 5:
                del broken[at:]
            case _:
                broken[at:at] = broken[at:end]
    return bytes(broken)


class Both:
    """The two parsers side by side."""

    def __init__(self) -> None:
        self.compiled = TickerParser(SYMBOLS)
        self.reference = ReferenceParser(SYMBOLS)
        self.outcomes: Counter[str] = Counter()

    def reset(self) -> None:
        self.compiled.reset()
        self.reference.tops.clear()

    def feed(self, frame: bytes) -> None:
        quote = self.compiled.feed(frame)
        outcome = self.compiled.outcome
        wanted = self.reference.parse(frame)
        self.outcomes[outcome] += 1
        got = (outcome, None if quote is None else tuple(quote))
        assert got == wanted, f"seed {SEED}, frame {frame!r}"


@pytest.mark.parametrize("case", CASES, ids=[f"{case['file']}: {case['name']}" for case in CASES])
def test_hand_made_frame_has_its_outcome(case):
    parser = TickerParser(SYMBOLS)
    both = Both()

    outcomes = []
    for frame in case["frames"]:
        decided_before = parser.counters()["fallback"]
        quote = parser.feed(frame.encode())
        outcomes.append(parser.outcome)
        both.feed(frame.encode())

    assert outcomes == case["outcomes"]
    assert (list(quote[1:5]) if quote else None) == case["quote"]
    fell_back = parser.counters()["fallback"] > decided_before
    assert fell_back == (case["way"] == "reference")


def test_mutants_of_hand_made_frames_are_equal():
    both = Both()
    dice = random.Random(SEED)

    for case in CASES:
        *before, last = [frame.encode() for frame in case["frames"]]
        if len(last) > 2000:
            continue
        for _ in range(MUTANTS_OF_A_CASE):
            both.reset()
            for frame in before:
                both.feed(frame)
            both.feed(mutated(last, dice))
            both.feed(last)

    assert_telling(both)


def test_recorded_frames_are_equal_and_accounted_for():
    if not recorded():
        pytest.skip("the recordings are not at hand (SYNTHTEST_SHARED)")

    for name, frames in recorded().items():
        both = Both()
        for frame in frames:
            both.feed(frame)

        counters = both.compiled.counters()
        control = sum(not frame.startswith(b'{"topic"') for frame in frames)
        other = sum(not frame.startswith(OURS) for frame in frames)
        by_reference = counters.pop("fallback")
        assert sum(counters.values()) == len(frames)
        assert counters["emit"] + counters["merged"] + counters["not_market"] == len(frames), name
        assert counters["not_market"] == other
        assert by_reference <= other and control <= by_reference


def test_mutants_of_recorded_frames_are_equal():
    if not recorded():
        pytest.skip("the recordings are not at hand (SYNTHTEST_SHARED)")
    both = Both()
    dice = random.Random(SEED)

    for frames in recorded().values():
        ours = [frame for frame in frames if frame.startswith(OURS)]
        snapshots = [frame for frame in ours if b'"type":"snapshot"' in frame]
        for before, frame in pairwise(ours):
            both.reset()
            for snapshot in snapshots:
                both.feed(snapshot)
            for _ in range(MUTANTS_OF_A_RECORDED_FRAME):
                both.feed(mutated(dice.choice((before, frame)), dice))

    assert_telling(both)


def test_every_truncation_of_a_frame_is_equal():
    both = Both()
    frames = [case["frames"][0].encode() for case in CASES if case["name"].startswith("snapshot with every")]
    frames += [case["frames"][-1].encode() for case in CASES if case["name"].startswith("both prices rise")]

    for frame in frames:
        for size in range(len(frame)):
            both.feed(frame[:size])

    assert set(both.outcomes) == {"malformed"}


def assert_telling(both: Both) -> None:
    """A differential run says something only if it saw many outcomes, and the scanner decided enough."""
    outcomes = both.outcomes
    assert {"emit", "merged", "malformed", "stale", "unknown_symbol", "no_snapshot"} <= set(outcomes)
    scanned = outcomes.total() - both.compiled.counters()["fallback"]
    assert scanned > outcomes.total() / 4, outcomes
    assert outcomes.total() > 40_000, outcomes
