"""Bad input as a user gives it, to a process of its own: one clear sentence, exit code 2, nothing left."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live_run import Done, Place

SAMPLE = Path(__file__).parents[2] / "synthcore" / "data" / "sample.jsonl.gz"
RUN = ("run", "--symbols", "BTCUSDT", "--duration", "1s")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "place").mkdir()
    found = Place(tmp_path / "place")
    try:
        yield found
    finally:
        found.end_all()


def assert_refused(done: Done, place: Place, *words: str) -> None:
    """Exit 2, nothing on stdout, one sentence, no trace, nobody left, and these words."""
    sentence = done.refusal
    for word in words:
        assert word in sentence
    assert "Traceback" not in done.err
    assert not re.search(r"\w+Error\b", sentence), "the name of a class is no word for a user"
    assert place.processes() == []


# ── settings ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--spread", "0"], ["synthetic_spread_bps", "above 0", "'0'", "flag --spread"]),
        (["--spread", "-3"], ["synthetic_spread_bps", "above 0", "'-3'", "flag --spread"]),
        (["--spread", "NaN"], ["synthetic_spread_bps", "finite", "'NaN'", "flag --spread"]),
        (["--spread", "inf"], ["synthetic_spread_bps", "finite", "'inf'"]),
        (["--spread", "wide"], ["synthetic_spread_bps", "number", "'wide'", "for example --spread 50"]),
        (["--max-trades", "0"], ["max_concurrent_trades", "from 1 to 50", "'0'", "flag --max-trades"]),
        (["--max-trades", "51"], ["max_concurrent_trades", "from 1 to 50", "'51'", "flag --max-trades"]),
        (["--attach", "."], ["attach", ". is no file", "flag --attach"]),
    ],
)
def test_a_flag_that_breaks_its_rule(place: Place, flags: list[str], words: list[str]) -> None:
    assert_refused(place.call(*RUN, *flags), place, *words)


def test_a_variable_that_breaks_its_rule_is_named_as_such(place: Place) -> None:
    done = place.call(*RUN, environ={"MAX_CONCURRENT_TRADES": "51"})

    assert_refused(done, place, "was '51'", "environment variable MAX_CONCURRENT_TRADES")


@pytest.mark.parametrize(
    ("name", "text"),
    [("bot.toml", "synthetic_spred_bps = 50\n"), ("bot.yaml", "synthetic_spred_bps: 50\n")],
)
def test_an_unknown_key_of_a_config_file(place: Place, name: str, text: str) -> None:
    (place.cwd / name).write_text(text)

    done = place.call(*RUN, "--config", name)
    (place.cwd / name).unlink()

    assert_refused(done, place, "'synthetic_spred_bps'", f"{name}:1", "did you mean 'synthetic_spread_bps'?")


def test_a_dotenv_with_secrets_that_others_may_read(place: Place) -> None:
    marker = "marker-1c22"
    file = place.cwd / ".env"
    file.write_text(f"BYBIT_DEMO_API_KEY={marker}\nBYBIT_DEMO_API_SECRET={marker}\n")
    file.chmod(0o640)

    done = place.call(*RUN)

    assert_refused(done, place, ".env", "0640", f"chmod 600 {file}")
    assert marker not in done.err


# ── the market ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_symbol_names_those_that_there_are(place: Place) -> None:
    done = place.call("run", "--symbols", "BTCUSDT,NOPEUSDT", "--duration", "1s")

    assert_refused(done, place, "'NOPEUSDT'", "BTCUSDT, ETHUSDT, SOLUSDT")


def test_a_size_under_the_minimum_names_the_smallest_that_works(place: Place) -> None:
    refused = place.call(*RUN, "--size", "1")
    smallest = re.search(r"at least (\d+) USDT for BTCUSDT", refused.err)
    assert smallest is not None, refused
    works = place.call(*RUN, "--size", smallest[1])
    one_less = place.call(*RUN, "--size", str(int(smallest[1]) - 1))

    assert_refused(refused, place, "estimated_position_size", "was 1")
    assert works.code == 0, works
    assert one_less.code == 2, one_less


def truncated() -> bytes:
    return SAMPLE.read_bytes()[:200_000]


def torn() -> bytes:
    return gzip.compress(gzip.decompress(SAMPLE.read_bytes())[:100_037], 1)


def changed() -> bytes:
    data = bytearray(gzip.decompress(SAMPLE.read_bytes()))
    at = re.compile(rb"bid1Price\D+\d").search(data, 100_000).end()  # type: ignore[union-attr]
    data[at] = ord("7") if data[at] != ord("7") else ord("8")
    return gzip.compress(bytes(data), 1)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (truncated, "cut off"),
        (torn, "cut off"),
        (changed, "checksum"),
        (lambda: b"", "starts with its header"),
        (lambda: b"time,price\n1,2\n", "starts with its header"),
        (lambda: b'{"prices": [1, 2]}\n', "starts with its header"),
        (lambda: b"\x1f\x8b\x08\x00 and then nothing that was ever compressed", "damaged"),
        (lambda: b"\xff\xfe\x00\x01" * 100, "starts with its header"),
    ],
    ids=["truncated", "torn", "changed", "empty", "table", "foreign", "damaged", "binary"],
)
def test_a_recording_that_is_none(place: Place, content: Callable[[], bytes], word: str) -> None:
    file = place.state / "market.jsonl.gz"
    file.write_bytes(content())

    done = place.call(*RUN, "--recording", str(file))

    assert_refused(done, place, "market.jsonl.gz", word)


def test_a_recording_that_may_not_be_read(place: Place) -> None:
    done = place.call(*RUN, "--recording", str(place.home))  # a folder: root may read any file

    assert_refused(done, place, "recording must name a file that can be read", "is no file")


def test_a_symbol_that_the_recording_doesnt_have(place: Place) -> None:
    done = place.call("run", "--symbols", "XRPUSDT", "--recording", str(SAMPLE))

    assert_refused(done, place, "XRPUSDT")
